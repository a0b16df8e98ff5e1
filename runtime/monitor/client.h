// One attached client, as the monitor sees it: its socket and what waits to be sent to it.
//
// Source: unix(7), SOCK_SEQPACKET keeps message boundaries; protocol.h says what is in them.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "runtime/base/unique_fd.h"
#include "runtime/monitor/protocol.h"

namespace ikada {

using MonitorClock = std::chrono::steady_clock;

class Client {
 public:
  Client(UniqueFd socket, bool is_first) : socket_(std::move(socket)), is_first_(is_first) {}

  int fd() const { return socket_.get(); }
  bool is_first() const { return is_first_; }

  // What the client has said about itself.
  bool lossless = false;
  bool does_clean_up = false;
  bool tethered = false;
  bool sent_stdin = false;
  std::uint32_t polled_events = 0;  // For Poller::want().

  // Sends `message` (with its type byte), or keeps it if the socket is full.
  void send(std::string_view message, MonitorClock::time_point now);

  // Sends what waits, as far as the socket takes it.
  void send_waiting(MonitorClock::time_point now);

  bool has_waiting() const { return !waiting_.empty(); }

  // The other end does not listen any more; what it wrote before can still be read.
  bool is_deaf() const { return deaf_; }
  void stop_sending();

  // True if the client does not read and has not been promised losslessness.
  bool is_too_slow(MonitorClock::time_point now) const;

 private:
  // False if the message has to wait.
  bool send_now(std::string_view message);

  UniqueFd socket_;
  bool is_first_;
  bool deaf_ = false;
  std::deque<std::string> waiting_;
  size_t waiting_bytes_ = 0;
  MonitorClock::time_point last_progress_;
};

}  // namespace ikada
