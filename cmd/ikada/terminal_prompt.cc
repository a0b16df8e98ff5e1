#include "cmd/ikada/terminal_prompt.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

namespace ikada {
namespace {

constexpr size_t kMaxLineBytes = size_t{64} << 10;

// What the signal handler puts back.
termios saved_terminal;

void restore_and_die(int signal_number) {
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved_terminal);
  ::signal(signal_number, SIG_DFL);
  ::raise(signal_number);
}

Result<std::string> read_line() {
  std::string line;
  while (line.size() < kMaxLineBytes) {
    char c = 0;
    const ssize_t count = ::read(STDIN_FILENO, &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read standard input");
    if (count == 0 && line.empty()) return make_error(ErrorKind::kInvalid, "nothing was entered");
    if (count == 0 || c == '\n') break;
    line += c;
  }
  return line;
}

}  // namespace

Result<std::string> prompt_line(const std::string& question) {
  ::fprintf(stderr, "%s", question.c_str());
  return read_line();
}

Result<std::string> prompt_password(const std::string& question) {
  if (::tcgetattr(STDIN_FILENO, &saved_terminal) != 0) return errno_error("tcgetattr");
  const auto old_interrupt = ::signal(SIGINT, restore_and_die);
  const auto old_terminate = ::signal(SIGTERM, restore_and_die);
  termios silent = saved_terminal;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  Result<std::string> line = prompt_line(question);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved_terminal);
  ::signal(SIGINT, old_interrupt);
  ::signal(SIGTERM, old_terminate);
  ::fprintf(stderr, "\n");
  return line;
}

}  // namespace ikada
