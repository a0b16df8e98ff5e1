// The monitor's life beside its container: one epoll loop over the container's output, its input,
// the clients and the end of the first process.
//
// Source: epoll(7), pidfd_open(2), ioctl_tty(2).
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/monitor/options.h"

namespace ikada {

// A started container whose first process is our child. Descriptors that it does not have are -1.
struct RunningContainer {
  pid_t pid = 0;
  std::string cgroup_path;  // See ContainerState.
  UniqueFd stdin_fd;        // We write.
  UniqueFd stdout_fd;       // We read.
  UniqueFd stderr_fd;
  UniqueFd terminal_fd;   // The pty's master, in place of the three.
  UniqueFd listen_fd;     // Clients connect here.
  UniqueFd first_client;  // Connected already.
};

// What the loop does not know how to do.
struct ContainerHooks {
  // The first process has been reaped: kills what is left of the container. True if the kernel
  // killed something for want of memory.
  std::function<bool()> kill_rest;
  // Removes the cgroup and the runtime's state.
  std::function<Result<void>()> remove;
};

// Returns when the container has ended, all its output is in the log, the record is written, the
// clients know and the clean-up is done. An error means that watching itself went wrong; the
// container may still run.
Result<void> run_monitor_loop(const MonitorOptions& options,
                              RunningContainer container,
                              const ContainerHooks& hooks);

}  // namespace ikada
