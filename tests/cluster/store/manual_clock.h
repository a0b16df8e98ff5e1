// A clock that stands until it is moved. From any thread.
#pragma once

#include <atomic>
#include <chrono>

namespace ikada {

class ManualClock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  TimePoint now() const { return TimePoint(std::chrono::milliseconds(milliseconds_)); }
  void move(std::chrono::milliseconds time) { milliseconds_ += time.count(); }

 private:
  std::atomic<std::int64_t> milliseconds_ = 1'000'000;
};

}  // namespace ikada
