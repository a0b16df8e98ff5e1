#include "image/confined_process.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "runtime/sys/spawn.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {

Result<ConfinedProcess> ConfinedProcess::start(const ConfinedStart& start) {
  IK_LET(channel, create_socket_pair(SOCK_SEQPACKET));
  SpawnOptions spawning;
  spawning.program = start.program;
  spawning.arguments = {"ikada"};
  spawning.arguments.insert(
      spawning.arguments.end(), start.arguments.begin(), start.arguments.end());
  spawning.arguments.push_back(std::to_string(::getpid()));
  spawning.fds = start.fds;
  spawning.fds.emplace_back(channel.theirs.get(), start.channel_fd);
  IK_LET(pid, spawn(spawning));
  return ConfinedProcess(pid, std::move(channel.ours));
}

ConfinedProcess::ConfinedProcess(ConfinedProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), channel_(std::move(other.channel_)) {}

Result<std::optional<ConfinedMessage>> ConfinedProcess::receive(bool wait) const {
  std::array<char, kMaxConfinedMessageBytes> text{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t got = -1;
  do {
    got = ::recvmsg(channel_.get(), &header, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return std::optional<ConfinedMessage>();
  // A child that was killed with something unread.
  if (got < 0 && errno == ECONNRESET) got = 0;
  if (got < 0) return errno_error("receive from the unpacking process");
  ConfinedMessage message;
  message.text.assign(text.data(), static_cast<size_t>(got));
  const cmsghdr* attached = CMSG_FIRSTHDR(&header);
  if (attached != nullptr && attached->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::copy_n(CMSG_DATA(attached), sizeof(fd), reinterpret_cast<unsigned char*>(&fd));
    message.fd.reset(fd);
  }
  return std::optional<ConfinedMessage>(std::move(message));
}

Error ConfinedProcess::death() {
  const ExitStatus status = wait_for_child(std::exchange(pid_, -1)).value_or(ExitStatus{.code = 1});
  if (status.signal == SIGSYS) {
    return make_error(ErrorKind::kInternal, "layer: unpacking made a call that is not allowed it");
  }
  if (status.signal != 0) {
    return make_error(
        ErrorKind::kUnavailable, "layer: the unpacking process died of signal {}", status.signal);
  }
  return make_error(
      ErrorKind::kInternal, "layer: the unpacking process ended with status {}", status.code);
}

void ConfinedProcess::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  static_cast<void>(wait_for_child(std::exchange(pid_, -1)).has_value());
}

}  // namespace ikada
