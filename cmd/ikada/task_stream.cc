#include "cmd/ikada/task_stream.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "cluster/engine/raw_terminal.h"
#include "image/base64.h"
#include "runtime/base/json.h"
#include "runtime/sys/file.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

constexpr size_t kMaxRemoteFrame = size_t{1} << 20;
constexpr size_t kRemoteWindow = size_t{256} << 10;
constexpr size_t kHeadBytes = 4;
constexpr unsigned kByteBits = 8;

// One conversation, until its last frame.
class RemoteRun {
 public:
  RemoteRun(UniqueFd socket, const RemoteCommand& command)
      : socket_(std::move(socket)), command_(command) {}

  Result<int> run() {
    IK_TRY(send({{"instance", command_.instance},
                 {"words", command_.words},
                 {"stdin", command_.has_stdin},
                 {"terminal", command_.has_terminal}}));
    std::optional<RawTerminal> raw;
    if (command_.has_terminal) {
      if (::isatty(STDIN_FILENO) == 1) {
        IK_LET(entered, RawTerminal::enter(STDIN_FILENO));
        raw.emplace(std::move(entered));
      }
      IK_TRY(send_window());
    }
    if (command_.hands_on_signals) IK_TRY(watch_signals());
    while (!status_.has_value()) IK_TRY(step());
    return *status_;
  }

 private:
  Result<void> send(const Json& frame) {
    const std::string text = frame.dump(-1, ' ', false, Json::error_handler_t::replace);
    std::string bytes;
    for (size_t byte = kHeadBytes; byte > 0; --byte) {
      bytes += static_cast<char>((text.size() >> ((byte - 1) * kByteBits)) & 0xff);
    }
    // A daemon that has gone is told by what is read.
    const Result<void> written = write_all(socket_.get(), bytes + text);
    static_cast<void>(written);
    return {};
  }

  // Those that `ikada exec` hands on; a program that ignores them is what they are for.
  Result<void> watch_signals() {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int each : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH}) {
      ::sigaddset(&signals, each);
    }
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    signals_ = UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return errno_error("signalfd");
    return {};
  }

  Result<void> send_window() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return {};
    return send({{"window", {size.ws_row, size.ws_col}}});
  }

  Result<void> step() {
    const bool wants_input = command_.has_stdin && !input_has_ended_ && untaken_ < kRemoteWindow;
    std::array<pollfd, 3> polled = {
        pollfd{.fd = socket_.get(), .events = POLLIN, .revents = 0},
        pollfd{.fd = wants_input ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0},
        pollfd{.fd = signals_ ? signals_.get() : -1, .events = POLLIN, .revents = 0}};
    if (::poll(polled.data(), polled.size(), -1) < 0) {
      return errno == EINTR ? Result<void>() : errno_error("poll");
    }
    if (polled[2].revents != 0) {
      IK_TRY(read_signals());
    }
    if (polled[1].revents != 0) IK_TRY(read_input());
    if (polled[0].revents != 0) return read_frames();
    return {};
  }

  Result<void> read_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) > 0) {
      if (info.ssi_signo != SIGWINCH) IK_TRY(send({{"signal", info.ssi_signo}}));
      if (info.ssi_signo == SIGWINCH && command_.has_terminal) IK_TRY(send_window());
    }
    return {};
  }

  Result<void> read_input() {
    std::array<char, 16384> buffer;
    const ssize_t size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) return {};
    if (size <= 0) {
      input_has_ended_ = true;
      return send({{"end", true}});
    }
    untaken_ += static_cast<size_t>(size);
    return send({{"in", encode_base64({buffer.data(), static_cast<size_t>(size)})}});
  }

  Result<void> read_frames() {
    std::array<char, 65536> buffer;
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) return {};
    if (size <= 0) {
      return make_error(ErrorKind::kUnavailable, "the connection to the host was lost");
    }
    received_.append(buffer.data(), static_cast<size_t>(size));
    while (!status_.has_value() && received_.size() >= kHeadBytes) {
      size_t length = 0;
      for (size_t i = 0; i < kHeadBytes; ++i) {
        length = length << kByteBits | static_cast<unsigned char>(received_[i]);
      }
      if (length > kMaxRemoteFrame) return make_error(ErrorKind::kInternal, "a frame is too long");
      if (received_.size() < kHeadBytes + length) return {};
      IK_LET(frame, parse_json(std::string_view(received_).substr(kHeadBytes, length)));
      received_.erase(0, kHeadBytes + length);
      IK_TRY(take(frame));
    }
    return {};
  }

  Result<void> take(const Json& frame) {
    if (!frame.is_object()) return {};
    if (frame.contains("error")) {
      return make_error(ErrorKind::kUnavailable, "{}", frame.value("error", ""));
    }
    if (frame.contains("exit")) status_ = frame.value("exit", 1);
    if (frame.contains("taken")) {
      untaken_ -= std::min(untaken_, frame.value("taken", size_t{0}));
    }
    for (const auto& [name, fd] : {std::pair("out", STDOUT_FILENO), {"err", STDERR_FILENO}}) {
      if (!frame.contains(name)) continue;
      IK_LET(bytes, decode_base64(frame.value(name, "")));
      IK_TRY(write_all(fd, bytes).context("write"));
      IK_TRY(send({{"taken", bytes.size()}}));
    }
    return {};
  }

  UniqueFd socket_;
  const RemoteCommand& command_;
  UniqueFd signals_;
  std::string received_;
  size_t untaken_ = 0;
  bool input_has_ended_ = false;
  std::optional<int> status_;
};

}  // namespace

Result<int> run_on_instance(const Context& context, const RemoteCommand& command) {
  const std::string path = context.run_root + "/streams.sock";
  Result<UniqueFd> socket = connect_unix(path, SOCK_STREAM);
  if (!socket.has_value() && socket.error().kind == ErrorKind::kNotFound) {
    return make_error(
        ErrorKind::kUnavailable,
        "the container is not on this host, which is no manager and cannot ask others");
  }
  if (!socket.has_value()) return std::move(socket.error());
  ::signal(SIGPIPE, SIG_IGN);
  return RemoteRun(std::move(*socket), command).run();
}

}  // namespace ikada
