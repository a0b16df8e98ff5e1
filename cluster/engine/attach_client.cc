#include "cluster/engine/attach_client.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include "cluster/engine/attach_copy.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// What docker forwards, but without those that say something about ourselves (SIGCHLD, SIGPIPE,
// faults) and those that nobody can catch.
sigset_t caught_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal :
       {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGWINCH}) {
    ::sigaddset(&set, signal);
  }
  return set;
}

// A path may be longer than sun_path: its directory by descriptor, then.
Result<void> connect_to(int socket, const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  IK_LET(dir, open_file(directory, O_PATH | O_DIRECTORY));
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::string short_path = fmt::format("/proc/self/fd/{}/{}", dir.get(), name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (short_path.size() >= sizeof address.sun_path) {
    return make_error(ErrorKind::kInvalid, "socket name too long: {}", name);
  }
  short_path.copy(address.sun_path, short_path.size());
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return {};
  }
  if (errno == ENOENT || errno == ECONNREFUSED) {
    return make_error(ErrorKind::kNotFound, "nobody listens at {}", path);
  }
  return errno_error("connect to {}", path);
}

}  // namespace

Result<SignalCatcher> SignalCatcher::create() {
  const sigset_t set = caught_signals();
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return errno_error("sigprocmask");
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return errno_error("signalfd");
  return SignalCatcher(std::move(fd));
}

SignalCatcher::~SignalCatcher() {
  if (!fd_) return;
  const sigset_t set = caught_signals();
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

Result<AttachClient> AttachClient::connect(const std::string& socket_path) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket) return errno_error("socket");
  IK_TRY(connect_to(socket.get(), socket_path));
  return AttachClient(std::move(socket));
}

Result<AttachClient::Pair> AttachClient::create_pair() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return errno_error("socketpair");
  }
  return Pair{.client = AttachClient(UniqueFd(ends[0])), .monitor_end = UniqueFd(ends[1])};
}

Result<void> AttachClient::send(MonitorMessage type, std::string_view body) {
  std::string message(1, static_cast<char>(type));
  message += body;
  while (::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    // The monitor has gone; its last words may still be there to be read.
    if (errno == EPIPE || errno == ECONNRESET) return {};
    return errno_error("send to the monitor");
  }
  return {};
}

Result<void> AttachClient::take_clean_up() { return send(MonitorMessage::kCleanUp); }

Result<void> AttachClient::stay_lossless() { return send(MonitorMessage::kLossless); }

Result<void> AttachClient::send_signal(int signal) {
  const char number = static_cast<char>(signal);
  return send(MonitorMessage::kSignal, {&number, 1});
}

Result<void> AttachClient::send_window_of(int fd) {
  const std::optional<std::string> body = window_body(fd);
  return body.has_value() ? send(MonitorMessage::kWindow, *body) : Result<void>();
}

Result<AttachEnd> AttachClient::copy(const AttachOptions& options, const SignalCatcher* signals) {
  return AttachCopy(socket_.get(), options, signals).run();
}

}  // namespace ikada
