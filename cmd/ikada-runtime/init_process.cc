// The first process of a container that wants one beside its program: `ikada run --init`.
//
// It runs inside the container as the container's user, so it trusts nothing and owns nothing.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/ikada-runtime/arguments.h"
#include "cmd/ikada-runtime/commands.h"

namespace ikada {
namespace {

constexpr int kStatusNotExecutable = 126;
constexpr int kStatusNotFound = 127;

[[noreturn]] void become_program(Words program, const sigset_t& signals) {
  ::setpgid(0, 0);
  // With a terminal, what is typed is for the program. SIGTTOU is blocked still.
  if (::isatty(STDIN_FILENO) == 1) ::tcsetpgrp(STDIN_FILENO, ::getpid());
  ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  ::execvp(program[0], program.data());
  const int error = errno;
  ::dprintf(
      STDERR_FILENO, "ikada-runtime init-process: exec %s: %s\n", program[0], ::strerror(error));
  ::_exit(error == ENOENT ? kStatusNotFound : kStatusNotExecutable);
}

// Reaps all that have ended; true if the program is among them.
bool reap(pid_t program, int& status) {
  bool ended = false;
  while (true) {
    int each = 0;
    const pid_t pid = ::waitpid(-1, &each, WNOHANG);
    if (pid <= 0) return ended;
    if (pid != program) continue;
    ended = true;
    status = WIFEXITED(each) ? WEXITSTATUS(each) : 128 + WTERMSIG(each);
  }
}

// All that a container is whose namespaces others use.
int wait_for_the_end(const sigset_t& signals) {
  while (true) {
    const int signal = ::sigwaitinfo(&signals, nullptr);
    if (signal == SIGTERM || signal == SIGINT) return 0;
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
}

}  // namespace

Result<int> init_process_command(const RuntimeContext& /*context*/, Words words) {
  IK_LET(program, parse_options(words, {}));
  sigset_t signals;
  ::sigfillset(&signals);
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  if (program.empty()) return wait_for_the_end(signals);
  const pid_t pid = ::fork();
  if (pid < 0) return errno_error("fork");
  if (pid == 0) become_program(program, signals);
  int status = 0;
  while (true) {
    siginfo_t info{};
    const int signal = ::sigwaitinfo(&signals, &info);
    if (signal < 0) continue;
    if (signal != SIGCHLD) {
      ::kill(pid, signal);
    } else if (reap(pid, status)) {
      return status;
    }
  }
}

}  // namespace ikada
