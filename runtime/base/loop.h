// The thread with state, as what lives on it sees it: what time it is, what is done later, and the
// way back from other threads. Asio stands behind it in the daemon, virtual time in the simulator.
//
// Everything but post() is called on the loop's thread alone, and so is everything that is called
// back.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "runtime/base/clock.h"

namespace ikada {

class Loop {
 public:
  class Timer {
   public:
    virtual ~Timer() = default;  // Cancels.
    // Calls `then` once when that time has passed, unless it is set anew or cancelled before.
    virtual void set(std::chrono::milliseconds after, std::function<void()> then) = 0;
    virtual void cancel() = 0;
  };

  virtual ~Loop() = default;

  // Two clocks that nobody sets: that of the timers, which stands still while the host sleeps, and
  // one that goes on then.
  virtual std::chrono::steady_clock::time_point now() const = 0;
  virtual std::int64_t boot_ms() const = 0;
  // What is shown.
  virtual UnixNanos wall_now() const = 0;

  virtual std::unique_ptr<Timer> make_timer() = 0;

  // From any thread.
  virtual void post(std::function<void()> work) = 0;
};

}  // namespace ikada
