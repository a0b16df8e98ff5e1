#include "runtime/sys/clone.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ikada {

Result<ClonedProcess> clone_process(const CloneOptions& options) {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = options.flags | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  if (options.cgroup_fd >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(options.cgroup_fd);
  }
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof(arguments));
  if (pid < 0) return errno_error("clone3");
  ClonedProcess process;
  process.pid = static_cast<pid_t>(pid);
  if (pid > 0) process.pidfd.reset(pidfd);
  return process;
}

}  // namespace ikada
