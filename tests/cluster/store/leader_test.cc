#include "cluster/store/leader.h"

#include <condition_variable>
#include <mutex>

#include <doctest/doctest.h>

#include "cluster/store/memory_store.h"
#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

// Waits for what an election says.
class Told {
 public:
  std::function<void(bool)> teller() {
    return [this](bool leads) {
      const std::lock_guard lock(mutex_);
      leads_ = leads;
      told_.notify_all();
    };
  }

  bool becomes(bool leads) {
    std::unique_lock lock(mutex_);
    return told_.wait_for(lock, std::chrono::seconds(10), [&] { return leads_ == leads; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable told_;
  bool leads_ = false;
};

LeaderOptions options_of(const std::string& name) {
  return {.key = "/leader", .candidate = name, .ttl = std::chrono::seconds(30)};
}

TEST_CASE("leader: the second leads as soon as the first resigns") {
  MemoryStore store;
  Told first_told;
  Told second_told;
  auto first = std::make_unique<LeaderElection>(store, options_of("first"), first_told.teller());
  REQUIRE(first_told.becomes(true));
  const LeaderTerm old = *first->term();
  const LeaderElection second(store, options_of("second"), second_told.teller());

  // Half of the time to live has not passed: the watch tells the second.
  first.reset();

  REQUIRE(second_told.becomes(true));
  CHECK(expect_value(store.get("/leader")).entry->value == "second");
  Transaction late = old.begin();
  late.put("/a", "late");
  CHECK_FALSE(expect_value(store.commit(late)).succeeded);
  Transaction now = second.term()->begin();
  now.put("/a", "now");
  CHECK(expect_value(store.commit(now)).succeeded);
}

TEST_CASE("leader: an election ends although the store is out of reach") {
  MemoryStore store;
  Told told;
  auto election = std::make_unique<LeaderElection>(store, options_of("one"), told.teller());
  REQUIRE(told.becomes(true));

  store.set_faults([](StoreCall) { return StoreFault::kUnavailable; });
  election.reset();

  store.set_faults(nullptr);
  CHECK(expect_value(store.get("/leader")).entry->value == "one");
}

}  // namespace
}  // namespace ikada
