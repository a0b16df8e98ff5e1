#include "runtime/container/join.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "runtime/base/named_file.h"
#include "runtime/base/rollback.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/container/channel.h"
#include "runtime/container/init_plan.h"
#include "runtime/container/state.h"
#include "runtime/container/terminal.h"
#include "runtime/init/first_process.h"
#include "runtime/sys/clone.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

bool is_other_namespace(pid_t pid, const char* name) {
  struct stat theirs {};
  struct stat ours {};
  if (::stat(fmt::format("/proc/{}/ns/{}", pid, name).c_str(), &theirs) != 0) return false;
  if (::stat(fmt::format("/proc/self/ns/{}", name).c_str(), &ours) != 0) return false;
  return theirs.st_ino != ours.st_ino || theirs.st_dev != ours.st_dev;
}

// Only the namespaces that are not ours already: setns(2) refuses to join the own user namespace.
int namespaces_to_join(pid_t pid) {
  int flags = 0;
  for (const auto& [name, flag] : {std::pair{"mnt", CLONE_NEWNS},
                                   std::pair{"uts", CLONE_NEWUTS},
                                   std::pair{"ipc", CLONE_NEWIPC},
                                   std::pair{"net", CLONE_NEWNET},
                                   std::pair{"pid", CLONE_NEWPID},
                                   std::pair{"cgroup", CLONE_NEWCGROUP},
                                   std::pair{"user", CLONE_NEWUSER},
                                   std::pair{"time", CLONE_NEWTIME}}) {
    if (is_other_namespace(pid, name)) flags |= flag;
  }
  return flags;
}

// Joins the pid namespace for the child to come, and goes back.
class PidNamespaceForChild {
 public:
  static Result<PidNamespaceForChild> enter(int pidfd) {
    IK_LET(own, open_file("/proc/self/ns/pid", O_RDONLY));
    if (::setns(pidfd, CLONE_NEWPID) != 0) return errno_error("join the pid namespace");
    return PidNamespaceForChild(std::move(own));
  }
  PidNamespaceForChild(PidNamespaceForChild&&) = default;
  PidNamespaceForChild& operator=(PidNamespaceForChild&&) = delete;
  ~PidNamespaceForChild() {
    if (own_) static_cast<void>(::setns(own_.get(), CLONE_NEWPID) == 0);
  }

 private:
  explicit PidNamespaceForChild(UniqueFd own) : own_(std::move(own)) {}
  UniqueFd own_;
};

Result<ContainerState> load_running(const JoinOptions& options) {
  IK_LET(state, load_state(options.state_root, options.id));
  const ContainerStatus status = current_status(options.state_root, state);
  // A created container has its namespaces; engines may enter it.
  if (status == ContainerStatus::kRunning || status == ContainerStatus::kCreated) return state;
  return make_error(
      ErrorKind::kConflict, "container {} is {}, not running", options.id, status_name(status));
}

Result<JoinPlan> plan_join(const JoinOptions& options, const ContainerState& state) {
  IK_LET(program, build_program_plan(options.process, options.seccomp));
  JoinPlan plan;
  plan.program = std::move(program);
  plan.program.preserve_fds = options.preserve_fds;
  plan.program.keyring = {};
  IK_LET(target, open_pidfd(state.pid));
  // Looked at after the pidfd was opened: from then on the number cannot change hands.
  if (!is_alive(state)) {
    return make_error(ErrorKind::kConflict, "container {} is not running", state.id);
  }
  if (options.shares_mounts) {
    IK_LET(root, open_file(fmt::format("/proc/{}/root", state.pid), O_PATH | O_DIRECTORY));
    plan.root = std::move(root);
  }
  plan.target = std::move(target);
  plan.namespaces = namespaces_to_join(state.pid);
  plan.become_root = (plan.namespaces & CLONE_NEWUSER) != 0;
  return plan;
}

Result<ClonedProcess> clone_joining_process(JoinPlan& plan, const Cgroup& cgroup, UniqueFd theirs) {
  plan.sync_fd = theirs.get();
  if ((plan.namespaces & CLONE_NEWPID) == 0) {
    IK_LET(child, clone_process({.cgroup_fd = cgroup.fd()}));
    if (child.pid == 0) run_joining_process(plan);
    return child;
  }
  IK_LET(joined, PidNamespaceForChild::enter(plan.target.get()));
  plan.namespaces &= ~CLONE_NEWPID;
  IK_LET(child, clone_process({.cgroup_fd = cgroup.fd()}));
  if (child.pid == 0) run_joining_process(plan);
  return child;
}

Result<void> wait_until_executed(const JoinOptions& options, int sync_fd) {
  while (true) {
    IK_LET(reply, receive_report(sync_fd));
    if (!reply.is_there) return {};
    if (is_failure(reply.report)) return describe_program_failure(reply.report, options.process);
    IK_TRY(hand_over_terminal(options.console_fd, options.console_socket, reply.attached));
  }
}

}  // namespace

Result<pid_t> join_container(const JoinOptions& options) {
  IK_TRY(check_console(options.process.terminal, options.console_fd, options.console_socket));
  IK_LET(state, load_running(options));
  IK_LET(plan, plan_join(options, state));
  IK_LET(cgroup, Cgroup::open(state.cgroup_path));
  IK_LET(pair, create_socket_pair(SOCK_SEQPACKET));
  IK_LET(child, clone_joining_process(plan, cgroup, std::move(pair.theirs)));
  Rollback undo;
  undo.add([&child]() -> Result<void> {
    static_cast<void>(send_signal(child.pidfd.get(), SIGKILL).has_value());
    static_cast<void>(wait_for_child(child.pid).has_value());
    return {};
  });
  IK_TRY(wait_until_executed(options, pair.ours.get()));
  if (!options.pid_file.empty()) {
    IK_TRY(write_named_file(options.pid_file, std::to_string(child.pid), 0644));
  }
  undo.commit();
  return child.pid;
}

}  // namespace ikada
