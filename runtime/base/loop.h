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

  // A clock that goes on while the host sleeps and that nobody sets.
  virtual std::int64_t steady_ms() const = 0;
  // What is shown.
  virtual UnixNanos wall_now() const = 0;

  virtual std::unique_ptr<Timer> make_timer() = 0;

  // From any thread.
  virtual void post(std::function<void()> work) = 0;
};

}  // namespace ikada
