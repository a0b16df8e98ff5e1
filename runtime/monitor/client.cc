#include "runtime/monitor/client.h"

#include <sys/socket.h>

#include <cerrno>

namespace ikada {
namespace {

constexpr size_t kMaxWaitingBytes = size_t{1} << 20;
constexpr std::chrono::seconds kPatience{1};

}  // namespace

bool Client::send_now(std::string_view message) {
  for (;;) {
    if (::send(fd(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return true;
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ENOMEM) {
      return false;
    }
    stop_sending();
    return true;
  }
}

void Client::send(std::string_view message, MonitorClock::time_point now) {
  if (deaf_) return;
  if (waiting_.empty()) {
    last_progress_ = now;
    if (send_now(message)) return;
  }
  waiting_.emplace_back(message);
  waiting_bytes_ += message.size();
}

void Client::send_waiting(MonitorClock::time_point now) {
  while (!waiting_.empty()) {
    if (!send_now(waiting_.front())) return;
    if (deaf_) return;
    waiting_bytes_ -= waiting_.front().size();
    waiting_.pop_front();
    last_progress_ = now;
  }
}

void Client::stop_sending() {
  deaf_ = true;
  waiting_.clear();
  waiting_bytes_ = 0;
}

bool Client::is_too_slow(MonitorClock::time_point now) const {
  if (lossless || waiting_.empty()) return false;
  return waiting_bytes_ > kMaxWaitingBytes || now - last_progress_ >= kPatience;
}

}  // namespace ikada
