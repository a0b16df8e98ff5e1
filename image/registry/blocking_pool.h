// Threads for what waits (disk, password hashes), so that no loop's thread does.
//
//   Result<Page> page = pool.run(yield, [&] { return list_tags(layout, name, request); });
//
// The coroutine goes on in its own loop. The function may use what the coroutine's frame holds.
//
// Source: Boost.Asio 1.81, thread_pool, async_initiate.
#pragma once

#include <optional>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/thread_pool.hpp>

namespace ikada::registry {

class BlockingPool {
 public:
  explicit BlockingPool(size_t threads) : pool_(threads) {}

  template <typename Function>
  auto run(const boost::asio::yield_context& yield, Function function) {
    std::optional<decltype(function())> result;
    boost::asio::async_initiate<const boost::asio::yield_context, void()>(
        [&](auto&& handler) {
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
  void start(Function function) {
    boost::asio::post(pool_, std::move(function));
  }

  // Waits until everything that was given to it is done.
  void join() { pool_.join(); }

 private:
  boost::asio::thread_pool pool_;
};

}  // namespace ikada::registry
