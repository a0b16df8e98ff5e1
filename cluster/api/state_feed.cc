#include "cluster/api/state_feed.h"

#include <atomic>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "cluster/api/state_follower.h"

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kPull{1000};
constexpr std::chrono::milliseconds kPause{200};

}  // namespace

struct StateFeed::Feed : std::enable_shared_from_this<StateFeed::Feed> {
  Feed(Store& store, const OnError& error) : follower(store, error), on_error(error) {}

  void take(StateFollower::Pulled& pulled) {
    if (pulled.listed.has_value()) take(std::move(*pulled.listed));
    if (pulled.events.has_value()) take(*pulled.events);
  }

  void take(State listed) {
    state = std::move(listed);
    is_ready = true;
    if (on_change) on_change("");
    call_waiters();
  }

  void take(const KeyEvents& events) {
    for (const KeyEvent& event : events.events) {
      const KeyValue& entry = event.entry;
      std::optional<std::string_view> value;
      if (event.kind == KeyOperation::Kind::kPut) value = entry.value;
      const Result<void> applied = state.apply(entry.key, value, entry.modified);
      if (!applied.has_value()) on_error(applied.error());
    }
    state.set_revision(events.revision);
    if (on_change) {
      for (const KeyEvent& event : events.events) on_change(event.entry.key);
    }
    call_waiters();
  }

  void call_waiters() {
    while (!waiters.empty() && waiters.begin()->first <= state.revision()) {
      const std::function<void()> then = std::move(waiters.begin()->second);
      waiters.erase(waiters.begin());
      then();
    }
  }

  // The thread.
  void follow(boost::asio::io_context& loop) {
    while (!stopping) {
      auto pulled = std::make_shared<StateFollower::Pulled>(follower.pull(kPull));
      const bool must_pause = pulled->must_pause;
      boost::asio::post(loop, [self = shared_from_this(), pulled] {
        if (!self->stopping) self->take(*pulled);
      });
      if (must_pause && !stopping) std::this_thread::sleep_for(kPause);
    }
  }

  StateFollower follower;
  OnError on_error;
  OnChange on_change;
  State state;
  bool is_ready = false;
  std::multimap<Revision, std::function<void()>> waiters;
  std::atomic<bool> stopping = false;
  std::thread thread;
};

Result<std::unique_ptr<StateFeed>> StateFeed::create(boost::asio::io_context& loop,
                                                     Store& store,
                                                     const OnError& on_error) {
  IK_LET(made, create_without_thread(store, on_error));
  const std::shared_ptr<Feed>& feed = made->feed_;
  feed->thread = std::thread([feed = feed.get(), &loop] { feed->follow(loop); });
  return made;
}

Result<std::unique_ptr<StateFeed>> StateFeed::create_without_thread(Store& store,
                                                                    const OnError& on_error) {
  auto feed = std::make_shared<Feed>(store, on_error);
  IK_LET(listed, feed->follower.list());
  feed->state = std::move(listed);
  feed->is_ready = true;
  return std::unique_ptr<StateFeed>(new StateFeed(std::move(feed)));
}

std::unique_ptr<StateFeed> StateFeed::create_later(boost::asio::io_context& loop,
                                                   Store& store,
                                                   const OnError& on_error) {
  auto feed = std::make_shared<Feed>(store, on_error);
  feed->thread = std::thread([feed = feed.get(), &loop] { feed->follow(loop); });
  return std::unique_ptr<StateFeed>(new StateFeed(std::move(feed)));
}

bool StateFeed::pull() {
  StateFollower::Pulled pulled = feed_->follower.pull(std::chrono::milliseconds(0));
  feed_->take(pulled);
  return !pulled.must_pause;
}

StateFeed::~StateFeed() { stop(); }

bool StateFeed::is_ready() const { return feed_->is_ready; }

const State& StateFeed::state() const { return feed_->state; }

void StateFeed::set_on_change(OnChange on_change) { feed_->on_change = std::move(on_change); }

void StateFeed::when_at(Revision revision, std::function<void()> then) {
  if (revision <= feed_->state.revision()) return then();
  feed_->waiters.emplace(revision, std::move(then));
}

void StateFeed::stop() {
  feed_->stopping = true;
  if (feed_->thread.joinable()) feed_->thread.join();
  feed_->waiters.clear();
}

}  // namespace ikada
