// How long a client may keep a connection waiting: decides, and knows no clock.
//
// A phase (a head, a body, an answer) has a time in which something must happen. With a rate, what
// moves earns more time, so that a phase may be long but not slow.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace ikada::registry {

class Patience {
 public:
  using Clock = std::chrono::steady_clock;

  // Begins a phase of `limit`; every `least_bytes_per_s` bytes that move earn a second more. With a
  // rate of 0 nothing is earned: the whole phase has to end within `limit`.
  void begin(std::chrono::seconds limit, std::uint64_t least_bytes_per_s) {
    limit_ = limit;
    rate_ = least_bytes_per_s;
    waited_ = {};
    bytes_ = 0;
  }

  void moved(std::uint64_t bytes) { bytes_ += bytes; }

  // Time that went by while we waited for the client; our own work does not count.
  void waited(Clock::duration time) { waited_ += time; }

  // Until when to wait if we begin to wait at `now`.
  Clock::time_point deadline(Clock::time_point now) const {
    const std::chrono::seconds earned(rate_ == 0 ? 0 : static_cast<std::int64_t>(bytes_ / rate_));
    const Clock::duration left = limit_ + earned - waited_;
    return now + std::clamp<Clock::duration>(left, Clock::duration::zero(), limit_);
  }

 private:
  std::chrono::seconds limit_{0};
  std::uint64_t rate_ = 0;
  Clock::duration waited_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace ikada::registry
