#include "cluster/agent/asio_loop.h"

#include <time.h>

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace ikada {
namespace {

class AsioTimer final : public Loop::Timer {
 public:
  explicit AsioTimer(boost::asio::io_context& loop) : timer_(loop) {}

  void set(std::chrono::milliseconds after, std::function<void()> then) override {
    timer_.expires_after(after);
    // One that has expired and was then set anew is called all the same: it must not count.
    const std::shared_ptr<int> turn = std::make_shared<int>();
    turn_ = turn;
    timer_.async_wait([now = std::weak_ptr<int>(turn),
                       then = std::move(then)](const boost::system::error_code& error) {
      if (!error && !now.expired()) then();
    });
  }

  void cancel() override {
    turn_.reset();
    timer_.cancel();
  }

 private:
  boost::asio::steady_timer timer_;
  std::shared_ptr<int> turn_;  // Of the last set().
};

}  // namespace

std::int64_t AsioLoop::boot_ms() const {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::unique_ptr<Loop::Timer> AsioLoop::make_timer() { return std::make_unique<AsioTimer>(loop_); }

void AsioLoop::post(std::function<void()> work) { boost::asio::post(loop_, std::move(work)); }

}  // namespace ikada
