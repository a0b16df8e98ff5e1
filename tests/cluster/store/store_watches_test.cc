// What every store does with watches.
#include <thread>

#include <doctest/doctest.h>

#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

using std::chrono::milliseconds;

std::vector<std::string> texts_of(const std::vector<KeyEvent>& events) {
  std::vector<std::string> texts;
  for (const KeyEvent& event : events) texts.push_back(text_of(event));
  return texts;
}

TEST_CASE("store: a watch delivers what came after its revision, in order") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    put(store, made.key("a"), "before");
    const Revision start = put(store, made.key("b"), "before");
    put(store, made.key("a"), "1");
    const auto watch = expect_value(store.watch(made.own_prefix(), start));
    const Revision both =
        expect_value(store.commit(Transaction{}.put(made.key("c"), "2").remove(made.key("b"))))
            .revision;
    put(store, "other-" + made.key("a"), "elsewhere");
    const Revision last = put(store, made.key("c"), "3");

    const std::vector<KeyEvent> events = pull(*watch, 4);

    CHECK(texts_of(events) == std::vector<std::string>{made.key("a") + "=1",
                                                       made.key("c") + "=2",
                                                       "-" + made.key("b"),
                                                       made.key("c") + "=3"});
    REQUIRE(events.size() == 4);
    CHECK(events[0].entry.created == start - 1);
    CHECK(events[1].entry.modified == both);
    CHECK(events[2].entry.modified == both);
    CHECK(events[3].entry.created == both);
    CHECK(events[3].entry.modified == last);
  });
}

TEST_CASE("store: a watch that has nothing says so after its time") {
  on_each_store([](StoreUnderTest& made) {
    const Revision now = put(made.store(), made.key("a"), "x");
    const auto watch = expect_value(made.store().watch(made.own_prefix(), now));

    const auto begin = std::chrono::steady_clock::now();
    const KeyEvents nothing = expect_value(watch->next(milliseconds(50)));

    CHECK(nothing.events.empty());
    CHECK(nothing.revision >= now);
    CHECK(std::chrono::steady_clock::now() - begin >= milliseconds(45));
    CHECK(expect_value(watch->next(milliseconds(0))).events.empty());
  });
}

TEST_CASE("store: events of one revision come together") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const Revision start = put(store, made.key("start"), "x");
    constexpr size_t kRevisions = 8;
    constexpr size_t kEach = 100;
    for (size_t i = 0; i < kRevisions; ++i) {
      Transaction transaction;
      for (size_t n = 0; n < kEach; ++n) transaction.put(made.key(std::to_string(n)), "v");
      expect_value(store.commit(transaction));
    }
    const auto watch = expect_value(store.watch(made.own_prefix(), start));

    size_t count = 0;
    while (count < kRevisions * kEach) {
      const KeyEvents found = expect_value(watch->next(std::chrono::seconds(10)));
      REQUIRE_FALSE(found.events.empty());
      CHECK(found.events.size() % kEach == 0);
      CHECK(found.revision == found.events.back().entry.modified);
      count += found.events.size();
    }
    CHECK(count == kRevisions * kEach);
  });
}

TEST_CASE("store: a watch wakes when something is put") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const Revision now = put(store, made.key("start"), "x");
    const auto watch = expect_value(store.watch(made.own_prefix(), now));
    std::thread writer([&] {
      static_cast<void>(store.commit(Transaction{}.put(made.key("a"), "1")).has_value());
    });

    const KeyEvents found = expect_value(watch->next(std::chrono::seconds(10)));
    writer.join();

    REQUIRE(found.events.size() == 1);
    CHECK(text_of(found.events.front()) == made.key("a") + "=1");
  });
}

TEST_CASE("store: a watch that is cancelled ends at once, for good") {
  on_each_store([](StoreUnderTest& made) {
    const Revision now = put(made.store(), made.key("a"), "x");
    const auto watch = expect_value(made.store().watch(made.own_prefix(), now));
    std::thread other([&] { watch->cancel(); });

    const auto begin = std::chrono::steady_clock::now();
    const Result<KeyEvents> ended = watch->next(std::chrono::seconds(60));
    other.join();

    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
    REQUIRE_FALSE(ended.has_value());
    CHECK(is_watch_cancelled(ended.error()));
    CHECK(is_watch_cancelled(watch->next(milliseconds(0)).error()));
  });
}

TEST_CASE("store: a watch from before the compacted revision is told") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const Revision old = put(store, made.key("a"), "1");
    put(store, made.key("a"), "2");
    expect_value(store.commit(Transaction{}.remove(made.key("a"))));
    const Revision now = put(store, made.key("b"), "3");
    CHECK(store.compact(now).has_value());

    const auto late = expect_value(store.watch(made.own_prefix(), old));
    const auto just_late = expect_value(store.watch(made.own_prefix(), now - 1));
    const auto in_time = expect_value(store.watch(made.own_prefix(), now));
    put(store, made.key("b"), "4");

    const auto told = [](Watch& watch) {
      for (int i = 0; i < 20; ++i) {
        const Result<KeyEvents> next = watch.next(milliseconds(500));
        if (!next.has_value()) return is_compacted(next.error());
        if (!next->events.empty()) return false;
      }
      return false;
    };
    CHECK(told(*late));
    CHECK(told(*just_late));
    CHECK(texts_of(pull(*in_time, 1)) == std::vector<std::string>{made.key("b") + "=4"});
  });
}

TEST_CASE("store: a list and the watch behind it tell all that happened") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    put(store, made.key("0"), "0");
    constexpr int kWriters = 3;
    constexpr int kEach = 40;
    std::vector<std::thread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&, writer] {
        for (int i = 0; i < kEach; ++i) {
          Transaction transaction;
          const std::string key = made.key(std::to_string((writer + i) % 5));
          i % 7 == 6 ? transaction.remove(key) : transaction.put(key, std::to_string(i));
          static_cast<void>(store.commit(transaction).has_value());
        }
      });
    }

    const KeyPage page = expect_value(store.list({.prefix = made.own_prefix(), .after = {}}));
    const auto watch = expect_value(store.watch(made.own_prefix(), page.revision));
    std::map<std::string, std::string> seen;
    for (const KeyValue& entry : page.entries) seen[entry.key] = entry.value;
    for (std::thread& each : writers) each.join();
    const Revision end = put(store, made.key("end"), "x");
    Revision last = page.revision;
    while (last < end) {
      const KeyEvents found = expect_value(watch->next(std::chrono::seconds(10)));
      REQUIRE_FALSE(found.events.empty());
      for (const KeyEvent& event : found.events) {
        CHECK(event.entry.modified >= last);
        last = event.entry.modified;
        if (event.kind == KeyOperation::Kind::kRemove) {
          seen.erase(event.entry.key);
        } else {
          seen[event.entry.key] = event.entry.value;
        }
      }
    }

    std::map<std::string, std::string> there;
    for (const KeyValue& entry :
         expect_value(store.list({.prefix = made.own_prefix(), .after = {}})).entries) {
      there[entry.key] = entry.value;
    }
    CHECK(seen == there);
  });
}

}  // namespace
}  // namespace ikada
