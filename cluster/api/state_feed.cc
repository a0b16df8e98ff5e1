#include "cluster/api/state_feed.h"

#include <atomic>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kPull{1000};
constexpr std::chrono::milliseconds kPause{200};
constexpr size_t kPage = 1000;

// All records, as of one revision.
Result<State> list_state(Store& store, const StateFeed::OnError& on_error) {
  State state;
  ListOptions options;
  options.prefix = kRecordPrefix;
  options.limit = kPage;
  while (true) {
    IK_LET(page, store.list(options));
    for (const KeyValue& entry : page.entries) {
      const Result<void> applied = state.apply(entry.key, entry.value, entry.modified);
      if (!applied.has_value()) on_error(applied.error());
    }
    options.revision = page.revision;
    if (!page.more) break;
    options.after = page.entries.back().key;
  }
  state.set_revision(options.revision);
  return state;
}

}  // namespace

struct StateFeed::Feed : std::enable_shared_from_this<StateFeed::Feed> {
  Feed(boost::asio::io_context& io, Store& kept, OnError error)
      : loop(io), store(kept), on_error(std::move(error)) {}

  void take(State listed) {
    state = std::move(listed);
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

  // Posts what was pulled; false when the watch has to begin anew.
  bool pull(Watch& watch) {
    Result<KeyEvents> events = watch.next(kPull);
    if (events.has_value()) {
      boost::asio::post(loop, [self = shared_from_this(), got = std::move(*events)] {
        if (!self->stopping) self->take(got);
      });
      return true;
    }
    if (is_compacted(events.error())) return false;
    if (!is_watch_cancelled(events.error())) std::this_thread::sleep_for(kPause);
    return true;
  }

  // The thread: `after` is what the state has seen already.
  void follow(Revision after) {
    while (!stopping) {
      Result<std::unique_ptr<Watch>> watch = store.watch(std::string(kRecordPrefix), after);
      if (!watch.has_value()) {
        std::this_thread::sleep_for(kPause);
        continue;
      }
      while (!stopping && pull(**watch)) {
      }
      if (!stopping) list_again(after);
    }
  }

  void list_again(Revision& after) {
    Result<State> listed = list_state(store, on_error);
    if (!listed.has_value()) return std::this_thread::sleep_for(kPause);
    after = listed->revision();
    boost::asio::post(
        loop, [self = shared_from_this(), got = std::make_shared<State>(std::move(*listed))] {
          if (!self->stopping) self->take(std::move(*got));
        });
  }

  boost::asio::io_context& loop;
  Store& store;
  OnError on_error;
  OnChange on_change;
  State state;
  std::multimap<Revision, std::function<void()>> waiters;
  std::atomic<bool> stopping = false;
  std::thread thread;
};

Result<std::unique_ptr<StateFeed>> StateFeed::create(boost::asio::io_context& loop,
                                                     Store& store,
                                                     OnError on_error) {
  auto feed = std::make_shared<Feed>(loop, store, std::move(on_error));
  IK_LET(listed, list_state(store, feed->on_error));
  feed->state = std::move(listed);
  feed->thread =
      std::thread([feed = feed.get(), after = feed->state.revision()] { feed->follow(after); });
  return std::unique_ptr<StateFeed>(new StateFeed(std::move(feed)));
}

StateFeed::~StateFeed() { stop(); }

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
