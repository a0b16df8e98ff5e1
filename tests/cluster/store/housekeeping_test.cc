#include "cluster/store/housekeeping.h"

#include <doctest/doctest.h>

#include "cluster/store/memory_store.h"
#include "tests/cluster/store/manual_clock.h"
#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

Housekeeping::Plan plan_at(Housekeeping& housekeeping, ManualClock& clock, Revision revision) {
  return housekeeping.plan({.revision = revision}, clock.now());
}

TEST_CASE("housekeeping: history goes when it is old enough, and not before") {
  ManualClock clock;
  Housekeeping housekeeping({.kept = seconds(600)});
  CHECK_FALSE(plan_at(housekeeping, clock, 100).compact_to.has_value());
  clock.move(seconds(300));
  CHECK_FALSE(plan_at(housekeeping, clock, 200).compact_to.has_value());
  clock.move(seconds(299));
  CHECK_FALSE(plan_at(housekeeping, clock, 250).compact_to.has_value());

  clock.move(seconds(1));
  CHECK(plan_at(housekeeping, clock, 300).compact_to == 100);
  clock.move(seconds(400));
  CHECK(plan_at(housekeeping, clock, 300).compact_to == 200);
}

TEST_CASE("housekeeping: a store that nobody writes to is compacted once") {
  ManualClock clock;
  Housekeeping housekeeping({.kept = seconds(600)});
  int compactions = 0;
  for (int minute = 0; minute < 600; ++minute) {
    if (plan_at(housekeeping, clock, 7).compact_to.has_value()) ++compactions;
    clock.move(seconds(60));
  }
  CHECK(compactions == 1);
}

TEST_CASE("housekeeping: a file is made smaller when most of it is empty, now and then") {
  ManualClock clock;
  Housekeeping housekeeping({});
  const auto defragments = [&](std::uint64_t size_mib, std::uint64_t used_mib) {
    return housekeeping
        .plan({.revision = 1, .size_bytes = size_mib * kMiB, .used_bytes = used_mib * kMiB},
              clock.now())
        .defragments;
  };
  CHECK_FALSE(defragments(60, 1));
  CHECK_FALSE(defragments(500, 300));
  CHECK_FALSE(defragments(100, 100));
  CHECK(defragments(500, 100));
  CHECK_FALSE(defragments(500, 100));
  clock.move(seconds(3599));
  CHECK_FALSE(defragments(500, 100));
  clock.move(seconds(1));
  CHECK(defragments(500, 100));
}

TEST_CASE("housekeeping: what it plans, a store does, and a watch behind it goes on") {
  ManualClock clock;
  MemoryStore store([&] { return clock.now(); });
  Housekeeping housekeeping({.kept = seconds(600)});
  Revision last = 0;
  for (int minute = 0; minute < 60; ++minute) {
    last = put(store, "a", std::to_string(minute));
    const auto plan = housekeeping.plan(expect_value(store.status()), clock.now());
    if (plan.compact_to.has_value()) REQUIRE(store.compact(*plan.compact_to).has_value());
    clock.move(seconds(60));
  }

  const auto young = expect_value(store.watch("", last - 9));
  CHECK(pull(*young, 9).size() == 9);
  const auto old = expect_value(store.watch("", last - 30));
  CHECK(is_compacted(old->next(std::chrono::milliseconds(0)).error()));
}

}  // namespace
}  // namespace ikada
