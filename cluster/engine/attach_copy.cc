#include "cluster/engine/attach_copy.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace ikada {
namespace {

constexpr size_t kStdinChunk = size_t{16} << 10;

}  // namespace

std::optional<std::string> window_body(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return std::nullopt;
  return std::string{static_cast<char>(size.ws_row & 0xff),
                     static_cast<char>(size.ws_row >> 8),
                     static_cast<char>(size.ws_col & 0xff),
                     static_cast<char>(size.ws_col >> 8)};
}

Result<AttachEnd> AttachCopy::run() {
  from_terminal_ = options_.stdin_fd >= 0 && ::isatty(options_.stdin_fd) == 1;
  if (options_.terminal && from_terminal_) {
    IK_LET(raw, RawTerminal::enter(options_.stdin_fd));
    raw_.emplace(std::move(raw));
    post(MonitorMessage::kWindow, *window_body(options_.stdin_fd));
  }
  while (!ended_) IK_TRY(step());
  return end_;
}

Result<void> AttachCopy::step() {
  const bool wants_stdin = options_.stdin_fd >= 0 && posted_.empty() && !stdin_ended_;
  std::array<pollfd, 3> polled = {
      pollfd{.fd = socket_,
             .events = static_cast<short>(posted_.empty() ? POLLIN : POLLIN | POLLOUT),
             .revents = 0},
      pollfd{.fd = wants_stdin ? options_.stdin_fd : -1, .events = POLLIN, .revents = 0},
      pollfd{.fd = signals_ != nullptr ? signals_->fd() : -1, .events = POLLIN, .revents = 0}};
  if (::poll(polled.data(), polled.size(), -1) < 0) {
    return errno == EINTR ? Result<void>() : errno_error("poll");
  }
  if (polled[2].revents != 0) read_signals();
  if (polled[1].revents != 0) read_stdin();
  send_posted();
  if ((polled[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !ended_) return read_monitor();
  return {};
}

void AttachCopy::read_stdin() {
  std::array<char, kStdinChunk> buffer;
  const ssize_t size = ::read(options_.stdin_fd, buffer.data(), buffer.size());
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (size <= 0) {
    stdin_ended_ = true;
    return post(MonitorMessage::kStdinEnd);
  }
  const std::string_view bytes(buffer.data(), static_cast<size_t>(size));
  if (!from_terminal_ || options_.detach_keys == nullptr) {
    return post(MonitorMessage::kStdin, bytes);
  }
  const DetachKeys::Typed typed = options_.detach_keys->feed(bytes);
  if (!typed.pass_on.empty()) post(MonitorMessage::kStdin, typed.pass_on);
  if (typed.detached) {
    end_.detached = true;
    ended_ = true;
  }
}

void AttachCopy::post(MonitorMessage type, std::string_view body) {
  posted_.emplace_back(1, static_cast<char>(type));
  posted_.back() += body;
}

// A monitor that has gone is noticed by reading from it.
void AttachCopy::send_posted() {
  while (!posted_.empty()) {
    const std::string& message = posted_.front();
    if (::send(socket_, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
      if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) return;
    }
    posted_.pop_front();
  }
}

void AttachCopy::read_signals() {
  if (signals_ == nullptr) return;
  signalfd_siginfo info{};
  while (::read(signals_->fd(), &info, sizeof info) == sizeof info) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGWINCH) {
      const std::optional<std::string> body =
          options_.terminal ? window_body(from_terminal_ ? options_.stdin_fd : options_.stdout_fd)
                            : std::nullopt;
      if (body.has_value()) post(MonitorMessage::kWindow, *body);
    } else if (options_.forward_signals) {
      const char number = static_cast<char>(signal);
      post(MonitorMessage::kSignal, {&number, 1});
    }
  }
}

Result<void> AttachCopy::read_monitor() {
  std::array<char, kMaxMonitorMessage> message;
  const ssize_t size = ::recv(socket_, message.data(), message.size(), MSG_DONTWAIT);
  // ECONNRESET is told once when the monitor closed with something of ours unread, such as stdin
  // that the container did not want. What it had sent before is still to come, the end included.
  if (size < 0 && (errno == EINTR || errno == EAGAIN || errno == ECONNRESET)) return {};
  if (size <= 0) {
    return make_error(ErrorKind::kUnavailable,
                      "the container's monitor closed the connection: it was killed, or this "
                      "command did not read fast enough");
  }
  const std::string_view body(message.data() + 1, static_cast<size_t>(size) - 1);
  switch (static_cast<MonitorMessage>(message[0])) {
    case MonitorMessage::kStdout:
      write_output(options_.stdout_fd, body);
      return {};
    case MonitorMessage::kStderr:
      write_output(options_.stderr_fd, body);
      return {};
    case MonitorMessage::kExit: {
      IK_LET(json, parse_json(body).context("monitor's last message"));
      IK_LET(record, parse_exit_record(json));
      end_.exit = record;
      ended_ = true;
      return {};
    }
    default:
      return {};
  }
}

// An output that cannot be written ends that stream, not the container: we go on waiting for the
// end. But a pipe without a reader ends this process by SIGPIPE, as it does docker's, although the
// program ignores that signal elsewhere: nobody is there for whom to wait.
void AttachCopy::write_output(int& fd, std::string_view bytes) {
  while (fd >= 0 && !bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      // Somebody else's O_NONBLOCK on a terminal that we share.
      pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
      ::poll(&room, 1, -1);
    } else if (errno == EPIPE) {
      ::signal(SIGPIPE, SIG_DFL);
      ::raise(SIGPIPE);
    } else if (errno != EINTR) {
      fd = -1;
    }
  }
}

}  // namespace ikada
