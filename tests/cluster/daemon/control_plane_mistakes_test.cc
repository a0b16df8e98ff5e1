// Whether the simulation notices what the control plane must never do: each mistake is made on
// purpose, and one of the first seeds must fail.
#include <doctest/doctest.h>

#include "tests/cluster/control/control_run.h"

namespace ikada::control {
namespace {

bool is_noticed(const ControlMistakes& mistakes) {
  constexpr std::uint64_t kSeeds = 400;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const ControlOutcome outcome = run_control(seed, {.mistakes = mistakes});
    if (outcome.wrong.empty()) continue;
    MESSAGE("seed " << seed << ": " << outcome.wrong);
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a leader that forgets its fence is noticed") {
  CHECK(is_noticed({.forgets_fence = true}));
}

TEST_CASE("a clientToken that is not compared is noticed") {
  CHECK(is_noticed({.forgets_token = true}));
}

TEST_CASE("instances that are not compared when tasks are placed are noticed") {
  CHECK(is_noticed({.forgets_instances = true}));
}

TEST_CASE("records that are changed without a compare are noticed") {
  CHECK(is_noticed({.forgets_records = true}));
}

TEST_CASE("an agent that runs what it could forget is noticed") {
  CHECK(is_noticed({.trusts_disk = true}));
}

TEST_CASE("an agent that goes on with tasks that were given up is noticed") {
  CHECK(is_noticed({.forgets_orphans = true}));
}

TEST_CASE("a leader that does not ask every proxy before it ends a drain is noticed") {
  CHECK(is_noticed({.forgets_proxies = true}));
}

TEST_CASE("a host that is told to stop a task that is drained is noticed") {
  CHECK(is_noticed({.forgets_drain = true}));
}

}  // namespace ikada::control
