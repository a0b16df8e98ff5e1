#include "cluster/engine/attach_client.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <cerrno>

#include "cluster/engine/attach_copy.h"
#include "runtime/sys/unix_socket.h"

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
  IK_LET(socket, connect_unix(socket_path, SOCK_SEQPACKET));
  return AttachClient(std::move(socket));
}

Result<AttachClient::Pair> AttachClient::create_pair() {
  IK_LET(pair, create_socket_pair(SOCK_SEQPACKET));
  return Pair{.client = AttachClient(std::move(pair.ours)), .monitor_end = std::move(pair.theirs)};
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

Result<void> AttachClient::tether() { return send(MonitorMessage::kTether); }

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
