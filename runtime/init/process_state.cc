#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/init/child.h"

namespace ikada {

InitReport reset_process_state() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  // SIGKILL and SIGSTOP refuse, and have no other disposition anyway.
  for (int signal = 1; signal < SIGRTMIN; ++signal) ::sigaction(signal, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(0);
  if (::setsid() < 0) return failed(InitStep::kSession, errno);
  return {};
}

InitReport become_root() {
  // The library's functions would tell other threads, of which there are none.
  if (::syscall(SYS_setresgid, 0, 0, 0) != 0) return failed(InitStep::kBecomeRoot, errno);
  if (::syscall(SYS_setgroups, 0, nullptr) != 0) return failed(InitStep::kBecomeRoot, errno);
  if (::syscall(SYS_setresuid, 0, 0, 0) != 0) return failed(InitStep::kBecomeRoot, errno);
  return {};
}

}  // namespace ikada
