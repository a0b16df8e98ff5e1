// The loop (runtime/base/loop.h) that Asio runs.
#pragma once

#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "runtime/base/loop.h"

namespace ikada {

class AsioLoop final : public Loop {
 public:
  // `loop` outlives it and its timers.
  explicit AsioLoop(boost::asio::io_context& loop) : loop_(loop) {}

  std::chrono::steady_clock::time_point now() const override {
    return std::chrono::steady_clock::now();
  }
  std::int64_t boot_ms() const override;
  UnixNanos wall_now() const override { return unix_now(); }
  std::unique_ptr<Timer> make_timer() override;
  void post(std::function<void()> work) override;

 private:
  boost::asio::io_context& loop_;
};

}  // namespace ikada
