// The parts of the first process's life, each in a file of its own: system calls only, and a
// failure is returned as the report that goes to the parent.
#pragma once

#include <sys/types.h>

#include <span>

#include "runtime/init/plan.h"
#include "runtime/init/report.h"
#include "runtime/mount/attach.h"

namespace ikada {

// channel.cc
void send_report(int fd, const InitReport& report, int attached_fd = -1);
// Waits for kGoByte; false if the other side is gone.
bool wait_for_go(int fd);
InitReport failed(InitStep step, int error, unsigned item = 0, unsigned detail = 0);

// process_state.cc: signals at their defaults, none blocked, a session of our own.
InitReport reset_process_state();
// Takes on ids 0 of a new user namespace.
InitReport become_root();

// network.cc
InitReport set_up_network(const NetworkPlan& plan);

// terminal.cc
struct Terminal {
  int master_fd = -1;
  int peer_fd = -1;
};
// In the devpts at /dev/pts of `root_fd`.
InitReport open_terminal(const ProgramPlan& plan, int root_fd, Terminal& terminal);
InitReport bind_console(int root_fd, const Terminal& terminal);

// root.cc
InitReport attach_root(const InitPlan& plan, RootView& view);
InitReport enter_root(const RootPlan& plan, const RootView& view);

// hook.cc: runs the hooks one after the other and waits.
InitReport run_hooks(const std::vector<HookProgram>& hooks, int state_fd, InitStep step);

// descriptors.cc: closes all but 0 … 2, the preserved ones and `kept`, where -1 stands for none.
InitReport close_all_but(const ProgramPlan& plan, std::span<int> kept);

// program.cc: opens what AppArmor's profile is written to; -1 if the plan has none.
InitReport open_apparmor(const ProgramPlan& plan, int& apparmor_fd);
// Becomes the program. Returns only if that failed. All descriptors but `report_fd` are closed.
InitReport become_program(const ProgramPlan& plan,
                          const Terminal& terminal,
                          int apparmor_fd,
                          int report_fd);

}  // namespace ikada
