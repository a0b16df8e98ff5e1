// Keeps the State like the store: lists all records once, then watches.
//
// The state is read and changed on the loop's thread alone; a thread of its own pulls the watch
// (state_follower.h) and posts what came.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cluster/state/state.h"
#include "cluster/store/store.h"

namespace boost::asio {
class io_context;
}

namespace ikada {

class StateFeed {
 public:
  using OnError = std::function<void(const Error&)>;
  // A key that was changed; empty: everything may have changed.
  using OnChange = std::function<void(std::string_view key)>;

  // Lists before it returns. Everything outlives the feed.
  static Result<std::unique_ptr<StateFeed>> create(boost::asio::io_context& loop,
                                                   Store& store,
                                                   const OnError& on_error);
  // Whoever owns it calls pull() now and then: false if the store is out of reach.
  static Result<std::unique_ptr<StateFeed>> create_without_thread(Store& store,
                                                                  const OnError& on_error);
  bool pull();

  // Begins with an empty state and lists as soon as the store answers: is_ready() from then on.
  static std::unique_ptr<StateFeed> create_later(boost::asio::io_context& loop,
                                                 Store& store,
                                                 const OnError& on_error);
  ~StateFeed();  // stop()s.
  StateFeed(const StateFeed&) = delete;
  StateFeed& operator=(const StateFeed&) = delete;

  // Good until the loop does something else.
  const State& state() const;

  // Whether the state is the store's, be it an old one.
  bool is_ready() const;

  // Called on the loop after each change is in the state. Set it before the loop runs.
  void set_on_change(OnChange on_change);

  // Calls `then` on the loop as soon as the state has come to that revision; perhaps at once.
  void when_at(Revision revision, std::function<void()> then);

  // Ends the watch and its thread; nothing is called any more.
  void stop();

 private:
  struct Feed;
  explicit StateFeed(std::shared_ptr<Feed> feed) : feed_(std::move(feed)) {}

  std::shared_ptr<Feed> feed_;
};

}  // namespace ikada
