#include "cmd/ikada-runtime/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

sigset_t forwarded_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int each : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT}) {
    ::sigaddset(&signals, each);
  }
  return signals;
}

// Our terminal in raw mode; as it was when the object dies.
class RawMode {
 public:
  explicit RawMode(bool wanted) {
    is_raw_ = wanted && ::tcgetattr(STDIN_FILENO, &saved_) == 0;
    if (!is_raw_) return;
    termios raw = saved_;
    ::cfmakeraw(&raw);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;
  ~RawMode() {
    if (is_raw_) ::tcsetattr(STDIN_FILENO, TCSANOW, &saved_);
  }

 private:
  bool is_raw_ = false;
  termios saved_{};
};

void copy_window_size(int terminal) {
  winsize size{};
  if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0 &&
      ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
    return;
  }
  ::ioctl(terminal, TIOCSWINSZ, &size);
}

enum class Copied { kBytes, kEnd };

Copied copy_once(int from, int to) {
  char buffer[16384];
  const ssize_t got = ::read(from, buffer, sizeof(buffer));
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return Copied::kBytes;
  // A pty's master gives EIO once nobody has the other side open.
  if (got <= 0) return Copied::kEnd;
  const Result<void> written = write_all(to, {buffer, static_cast<size_t>(got)});
  return written.has_value() ? Copied::kBytes : Copied::kEnd;
}

// Becomes the process that keeps a terminal alive when nobody looks at it any more: who writes to
// it shall not be blocked, and not see it hung up.
[[noreturn]] void keep_terminal(int terminal) {
  ::setsid();
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), fd);
  while (copy_once(terminal, null.get()) == Copied::kBytes) {
  }
  ::_exit(0);
}

class Attendance {
 public:
  Attendance(UniqueFd pidfd, UniqueFd signals, UniqueFd terminal, DetachKeys* detach_keys)
      : pidfd_(std::move(pidfd)),
        signals_(std::move(signals)),
        terminal_(std::move(terminal)),
        detach_keys_(detach_keys) {}

  bool is_detached() const { return detached_; }

  Result<void> run() {
    const RawMode raw(static_cast<bool>(terminal_));
    if (terminal_) copy_window_size(terminal_.get());
    bool reads_stdin = static_cast<bool>(terminal_);
    while (true) {
      pollfd waits[] = {
          {.fd = pidfd_.get(), .events = POLLIN, .revents = 0},
          {.fd = signals_.get(), .events = POLLIN, .revents = 0},
          {.fd = terminal_.get(), .events = POLLIN, .revents = 0},
          {.fd = reads_stdin ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0},
      };
      if (::poll(waits, 4, -1) < 0) {
        if (errno == EINTR) continue;
        return errno_error("poll");
      }
      if (waits[1].revents != 0) pass_signal_on();
      if (waits[2].revents != 0 && copy_once(terminal_.get(), STDOUT_FILENO) == Copied::kEnd) {
        terminal_.reset();
        reads_stdin = false;
      }
      if (waits[3].revents != 0 && copy_input() == Copied::kEnd) {
        end_input();
        reads_stdin = false;
      }
      if (detached_) return leave_behind();
      if (waits[0].revents != 0) break;
    }
    drain();
    return {};
  }

 private:
  Copied copy_input() {
    if (detach_keys_ == nullptr) return copy_once(STDIN_FILENO, terminal_.get());
    char buffer[16384];
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof(buffer));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return Copied::kBytes;
    if (got <= 0) return Copied::kEnd;
    const DetachKeys::Typed typed = detach_keys_->feed({buffer, static_cast<size_t>(got)});
    detached_ = typed.detached;
    const Result<void> written = write_all(terminal_.get(), typed.pass_on);
    return written.has_value() ? Copied::kBytes : Copied::kEnd;
  }

  Result<void> leave_behind() {
    const pid_t keeper = ::fork();
    if (keeper < 0) return errno_error("fork");
    if (keeper == 0) keep_terminal(terminal_.get());
    return {};
  }

  void pass_signal_on() {
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof(info)) != static_cast<ssize_t>(sizeof(info))) return;
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGWINCH && terminal_) {
      copy_window_size(terminal_.get());
      return;
    }
    static_cast<void>(send_signal(pidfd_.get(), signal).has_value());
  }

  // Whoever reads the terminal inside sees the end of the file, as if it had been typed.
  void end_input() {
    constexpr char kEndOfFile = 4;
    if (terminal_) static_cast<void>(write_all(terminal_.get(), {&kEndOfFile, 1}).has_value());
  }

  // What the process wrote before its end.
  void drain() {
    if (!terminal_) return;
    pollfd wait{.fd = terminal_.get(), .events = POLLIN, .revents = 0};
    while (::poll(&wait, 1, 0) > 0 && (wait.revents & POLLIN) != 0) {
      if (copy_once(terminal_.get(), STDOUT_FILENO) == Copied::kEnd) return;
    }
  }

  UniqueFd pidfd_;
  UniqueFd signals_;
  UniqueFd terminal_;
  DetachKeys* detach_keys_;
  bool detached_ = false;
};

}  // namespace

void block_forwarded_signals() {
  const sigset_t signals = forwarded_signals();
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
}

Result<std::optional<ExitStatus>> attend(pid_t pid, UniqueFd terminal, DetachKeys* detach_keys) {
  IK_LET(pidfd, open_pidfd(pid));
  const sigset_t wanted = forwarded_signals();
  UniqueFd signals(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return errno_error("signalfd");
  Attendance attendance(std::move(pidfd), std::move(signals), std::move(terminal), detach_keys);
  IK_TRY(attendance.run());
  if (attendance.is_detached()) return std::nullopt;
  IK_LET(status, wait_for_child(pid));
  return status;
}

}  // namespace ikada
