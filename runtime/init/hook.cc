#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/init/child.h"

namespace ikada {
namespace {

constexpr int kExecFailed = 127;
constexpr int kMillisecondsPerSecond = 1000;

[[noreturn]] void become_hook(const HookProgram& hook, int state_fd) {
  if (state_fd >= 0) {
    ::lseek(state_fd, 0, SEEK_SET);
    ::dup2(state_fd, STDIN_FILENO);
  }
  ::execve(hook.path.c_str(), hook.args.pointers(), hook.env.pointers());
  ::_exit(kExecFailed);
}

// Kills the hook if it takes longer than it may.
void wait_or_kill(pid_t pid, std::uint32_t timeout_s) {
  if (timeout_s == 0) return;
  const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  if (fd < 0) return;
  const int limit_ms =
      timeout_s > 86400 ? -1 : static_cast<int>(timeout_s) * kMillisecondsPerSecond;
  if (::poll(&wait, 1, limit_ms) == 0) ::kill(pid, SIGKILL);
  ::close(fd);
}

}  // namespace

InitReport run_hooks(const std::vector<HookProgram>& hooks, int state_fd, InitStep step) {
  unsigned index = 0;
  for (const HookProgram& hook : hooks) {
    const pid_t pid = ::_Fork();
    if (pid < 0) return failed(step, errno, index);
    if (pid == 0) become_hook(hook, state_fd);
    wait_or_kill(pid, hook.timeout_s);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0) {
      if (errno != EINTR) return failed(step, errno, index);
    }
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (code != 0) return failed(step, 0, index, static_cast<unsigned>(code));
    ++index;
  }
  return {};
}

}  // namespace ikada
