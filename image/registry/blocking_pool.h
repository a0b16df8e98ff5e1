// Threads for what waits (disk, password hashes), so that no loop's thread does.
//
//   Result<Page> page = pool.run(yield, [&] { return list_tags(layout, name, request); });
//
// The coroutine goes on in its own loop. The function may use what the coroutine's frame holds.
// With begin() the coroutine goes on at once, and waits for the result when it needs it:
//
//   auto writing = pool.begin(yield, [&] { return lease.append(part); });
//   ...
//   Result<void> written = writing.wait(yield);
//
// Source: Boost.Asio 1.81, thread_pool, async_initiate.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

namespace ikada::registry {

// Work that was begun. wait() has to be called once, before what the function uses goes away.
template <typename T>
class BegunWork {
 public:
  explicit BegunWork(const boost::asio::any_io_executor& loop)
      : state_(std::make_shared<State>(loop)) {}

  T wait(const boost::asio::yield_context& yield) {
    boost::system::error_code cancelled;
    while (!state_->is_done) state_->done.async_wait(yield[cancelled]);
    return std::move(*state_->result);
  }

 private:
  friend class BlockingPool;
  struct State {
    explicit State(const boost::asio::any_io_executor& loop)
        : done(loop, boost::asio::steady_timer::time_point::max()) {}
    std::optional<T> result;
    boost::asio::steady_timer done;  // Cancelled when it is; never expires.
    bool is_done = false;            // Of the loop's thread.
  };
  std::shared_ptr<State> state_;
};

class BlockingPool {
 public:
  explicit BlockingPool(size_t threads) : pool_(threads) {}

  template <typename Function>
  auto run(const boost::asio::yield_context& yield, Function function) {
    std::optional<decltype(function())> result;
    boost::asio::async_initiate<const boost::asio::yield_context, void()>(
        [&](auto handler) {
          auto executor = boost::asio::get_associated_executor(handler);
          boost::asio::post(pool_,
                            [&result, &function, executor, handler = std::move(handler)]() mutable {
                              result.emplace(function());
                              boost::asio::post(executor, std::move(handler));
                            });
        },
        yield);
    return std::move(*result);
  }

  template <typename Function>
  auto begin(const boost::asio::yield_context& yield, Function function) {
    using T = decltype(function());
    const boost::asio::any_io_executor loop = yield.get_executor();
    BegunWork<T> work(loop);
    boost::asio::post(pool_, [state = work.state_, loop, function = std::move(function)]() mutable {
      state->result.emplace(function());
      boost::asio::post(loop, [state = std::move(state)] {
        state->is_done = true;
        state->done.cancel();
      });
    });
    return work;
  }

  template <typename Function>
  void start(Function function) {
    boost::asio::post(pool_, std::move(function));
  }

  // Waits until everything that was given to it is done.
  void join() { pool_.join(); }

 private:
  boost::asio::thread_pool pool_;
};

}  // namespace ikada::registry
