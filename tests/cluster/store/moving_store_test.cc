#include "cluster/store/moving_store.h"

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "cluster/store/memory_store.h"
#include "cluster/store/store_copy.h"
#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

using std::chrono::milliseconds;

MovingStore::Decide into(std::shared_ptr<Store> next) {
  return [next = std::move(next)](Store& old) -> Result<std::shared_ptr<Store>> {
    IK_LET(keys, copy_store(old, *next));
    static_cast<void>(keys);
    return next;
  };
}

TEST_CASE("a moved store has every key, and writes go to the new one") {
  auto old = std::make_shared<MemoryStore>();
  auto next = std::make_shared<MemoryStore>();
  MovingStore store(old);
  for (int number = 0; number < 250; ++number) {
    expect_value(
        store.commit(Transaction{}.put(fmt::format("k{:03}", number), std::to_string(number))));
  }
  const Lease lease = expect_value(store.grant_lease(std::chrono::seconds(60)));
  expect_value(store.commit(Transaction{}.put("leased", "x", lease.id)));

  REQUIRE(store.move(into(next)).has_value());

  const KeyPage page = expect_value(store.list({.prefix = "", .after = ""}));
  CHECK(page.entries.size() == 250);
  CHECK(page.entries[42].value == "42");
  CHECK(is_lease_gone(store.keep_lease(lease.id).error()));
  expect_value(store.commit(Transaction{}.put("new", "y")));
  CHECK_FALSE(expect_value(old->get("new")).entry.has_value());
  CHECK(expect_value(next->get("new")).entry->value == "y");
}

TEST_CASE("a move that fails leaves the old store in force") {
  auto old = std::make_shared<MemoryStore>();
  MovingStore store(old);

  const Result<void> moved = store.move([](Store&) -> Result<std::shared_ptr<Store>> {
    return make_error(ErrorKind::kUnavailable, "no disk");
  });

  CHECK(moved.error().message == "no disk");
  expect_value(store.commit(Transaction{}.put("a", "x")));
  CHECK(expect_value(old->get("a")).entry->value == "x");
}

TEST_CASE("transactions wait while they are held, and everything else goes on") {
  MovingStore store(std::make_shared<MemoryStore>());
  const Lease lease = expect_value(store.grant_lease(std::chrono::seconds(60)));
  std::atomic<bool> has_begun = false;
  std::atomic<bool> is_made = false;
  std::thread writer;

  const Result<void> held = store.hold_commits([&]() -> Result<void> {
    writer = std::thread([&] {
      has_begun = true;
      expect_value(store.commit(Transaction{}.put("a", "x")));
      is_made = true;
    });
    while (!has_begun) std::this_thread::yield();
    for (int times = 0; times < 1000; ++times) CHECK(store.keep_lease(lease.id).has_value());
    CHECK_FALSE(is_made);
    CHECK_FALSE(expect_value(store.get("a")).entry.has_value());
    return make_error(ErrorKind::kUnavailable, "not well");
  });

  CHECK(held.error().message == "not well");
  writer.join();
  CHECK(expect_value(store.get("a")).entry->value == "x");
}

TEST_CASE("a write that waits for the move is made in the new store") {
  auto old = std::make_shared<MemoryStore>();
  auto next = std::make_shared<MemoryStore>();
  MovingStore store(old);
  std::thread writer;

  const Result<void> moved = store.move([&](Store& from) -> Result<std::shared_ptr<Store>> {
    writer = std::thread([&] { expect_value(store.commit(Transaction{}.put("late", "x"))); });
    CHECK_FALSE(expect_value(from.get("late")).entry.has_value());
    return into(next)(from);
  });
  writer.join();

  REQUIRE(moved.has_value());
  CHECK_FALSE(expect_value(old->get("late")).entry.has_value());
  CHECK(expect_value(next->get("late")).entry.has_value());
}

TEST_CASE("a watch of a moved store is compacted, one that was cancelled is cancelled") {
  MovingStore store(std::make_shared<MemoryStore>());
  const auto watch = expect_value(store.watch("", 0));
  const auto cancelled = expect_value(store.watch("", 0));
  cancelled->cancel();

  REQUIRE(store.move(into(std::make_shared<MemoryStore>())).has_value());

  CHECK(is_compacted(watch->next(milliseconds(1000)).error()));
  CHECK(is_watch_cancelled(cancelled->next(milliseconds(1000)).error()));
  const auto again = expect_value(store.watch("", 0));
  expect_value(store.commit(Transaction{}.put("a", "x")));
  CHECK(expect_value(again->next(milliseconds(1000))).events.size() == 1);
}

TEST_CASE("a copy into a store that is not empty is refused") {
  MemoryStore from;
  MemoryStore to;
  expect_value(from.commit(Transaction{}.put("a", "x")));
  expect_value(to.commit(Transaction{}.put("a", "y")));

  CHECK(copy_store(from, to).error().kind == ErrorKind::kConflict);
}

TEST_CASE("a copy bridges answers that were lost") {
  MemoryStore from;
  MemoryStore to;
  expect_value(from.commit(Transaction{}.put("a", "x").put("b", "y")));
  int calls = 0;
  to.set_faults([&](StoreCall call) {
    return call == StoreCall::kCommit && ++calls == 1 ? StoreFault::kAnswerLost : StoreFault::kNone;
  });

  CHECK(expect_value(copy_store(from, to)) == 2);
  CHECK(expect_value(to.get("b")).entry->value == "y");
}

}  // namespace
}  // namespace ikada
