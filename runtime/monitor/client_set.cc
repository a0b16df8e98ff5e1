#include "runtime/monitor/client_set.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace ikada {
namespace {

constexpr size_t kMaxClients = 32;

// Room for a burst of output, so that the monitor is not woken for each message read.
constexpr int kSendBufferBytes = 512 << 10;

bool is_trusted(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

unsigned short little_endian(std::string_view two_bytes) {
  return static_cast<unsigned short>(static_cast<unsigned char>(two_bytes[0]) |
                                     static_cast<unsigned char>(two_bytes[1]) << 8);
}

}  // namespace

void ClientSet::add(UniqueFd socket, bool is_first) {
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes);
  clients_.emplace_back(std::move(socket), is_first);
}

void ClientSet::accept_from(int listen_fd) {
  UniqueFd socket(::accept4(listen_fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket || clients_.size() >= kMaxClients || !is_trusted(socket.get())) return;
  add(std::move(socket), false);
}

void ClientSet::broadcast(std::string_view message) {
  const MonitorClock::time_point now = MonitorClock::now();
  for (Client& client : clients_) client.send(message, now);
}

Result<void> ClientSet::update_interest(Poller& poller, bool read) {
  for (Client& client : clients_) {
    const std::uint32_t events = (read ? std::uint32_t{EPOLLIN} : 0U) |
                                 (client.has_waiting() ? std::uint32_t{EPOLLOUT} : 0U);
    IK_TRY(poller.want(client.fd(), events, client.polled_events));
  }
  return {};
}

bool ClientSet::dispatch(int fd, std::uint32_t events) {
  const Place client = std::find_if(
      clients_.begin(), clients_.end(), [fd](const Client& each) { return each.fd() == fd; });
  if (client == clients_.end()) return false;
  if ((events & EPOLLOUT) != 0) client->send_waiting(MonitorClock::now());
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) client->stop_sending();
  if ((events & EPOLLIN) != 0) read_message(client);
  return true;
}

void ClientSet::read_message(Place client) {
  std::array<char, kMaxMonitorMessage> message;
  const ssize_t size = ::recv(client->fd(), message.data(), message.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return remove(client);
  const std::string_view body(message.data() + 1, static_cast<size_t>(size) - 1);
  act(*client, static_cast<MonitorMessage>(message[0]), body);
}

void ClientSet::act(Client& client, MonitorMessage type, std::string_view body) {
  switch (type) {
    case MonitorMessage::kStdin:
      client.sent_stdin = true;
      return requests_.on_stdin(body);
    case MonitorMessage::kStdinEnd:
      return requests_.on_stdin_end();
    case MonitorMessage::kWindow:
      if (body.size() != 4) return;
      return requests_.on_window(little_endian(body), little_endian(body.substr(2)));
    case MonitorMessage::kSignal:
      if (body.size() == 1) requests_.on_signal(static_cast<unsigned char>(body[0]));
      return;
    case MonitorMessage::kCleanUp:
      client.does_clean_up = client.is_first();
      return;
    case MonitorMessage::kLossless:
      client.lossless = true;
      return;
    case MonitorMessage::kTether:
      client.tethered = true;
      return;
    case MonitorMessage::kStdout:
    case MonitorMessage::kStderr:
    case MonitorMessage::kExit:
      return;
  }
}

void ClientSet::remove(Place client) {
  requests_.on_gone(*client);
  clients_.erase(client);
}

void ClientSet::drop_slow() {
  const MonitorClock::time_point now = MonitorClock::now();
  for (Place client = clients_.begin(); client != clients_.end();) {
    const Place each = client++;
    if (each->is_too_slow(now)) remove(each);
  }
}

bool ClientSet::has_waiting() const {
  return std::any_of(
      clients_.begin(), clients_.end(), [](const Client& each) { return each.has_waiting(); });
}

bool ClientSet::has_waiting_lossless() const {
  return std::any_of(clients_.begin(), clients_.end(), [](const Client& each) {
    return each.lossless && each.has_waiting();
  });
}

bool ClientSet::someone_does_clean_up() const {
  return std::any_of(clients_.begin(), clients_.end(), [](const Client& each) {
    return each.does_clean_up && !each.is_deaf();
  });
}

}  // namespace ikada
