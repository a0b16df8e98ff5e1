// The way from other threads to the loop: open as long as the loop's owner says so.
//
// A thread that cannot be interrupted (a pull) may come back when everything else is gone; then the
// gate is closed and what it brings is dropped.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace ikada {

class LoopGate {
 public:
  explicit LoopGate(boost::asio::io_context& loop) : loop_(&loop) {}

  template <typename Work>
  void post(Work work) {
    const std::lock_guard lock(mutex_);
    if (loop_ != nullptr) boost::asio::post(*loop_, std::move(work));
  }

  void close() {
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

 private:
  std::mutex mutex_;
  boost::asio::io_context* loop_;
};

}  // namespace ikada
