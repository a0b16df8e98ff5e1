// The control plane under all faults at once, in virtual time. Each seed is a run of its own; a
// part of them is run unless these say otherwise:
//
//   IKADA_CONTROL_SEEDS=100000   how many, in the first quarter
//   IKADA_CONTROL_FIRST=17       from which on
//   IKADA_CONTROL_TROUBLE=600    how many virtual seconds faults go on, in place of some
//   IKADA_CONTROL_TRACE=1        tells what happens
//
// Whether it would notice anything is tested in control_plane_mistakes_test.cc.
#include <stdlib.h>

#include <algorithm>

#include <doctest/doctest.h>

#include "runtime/base/number.h"
#include "tests/cluster/control/control_run.h"

namespace ikada::control {
namespace {

constexpr std::uint64_t kQuarter = 500;
constexpr size_t kEnough = 20;  // Failures that are told.

std::uint64_t wanted(const char* name, std::uint64_t otherwise) {
  const char* const text = ::getenv(name);
  return text == nullptr ? otherwise : parse_unsigned(text, UINT64_MAX).value();
}

void run_seeds(std::uint64_t quarter) {
  const std::uint64_t first = wanted("IKADA_CONTROL_FIRST", 1) + quarter * kQuarter;
  const std::uint64_t count = wanted("IKADA_CONTROL_SEEDS", kQuarter);
  const ControlOptions options{.trouble = std::chrono::seconds(wanted("IKADA_CONTROL_TROUBLE", 0)),
                               .has_trace = wanted("IKADA_CONTROL_TRACE", 0) != 0};
  std::uint64_t events = 0;
  size_t tasks = 0;
  size_t broken = 0;
  double slowest = 0;
  for (std::uint64_t seed = first; seed < first + count && broken < kEnough; ++seed) {
    const ControlOutcome outcome = run_control(seed, options);
    events += outcome.events;
    tasks += outcome.tasks;
    slowest = std::max(slowest, outcome.seconds_to_settle);
    if (outcome.wrong.empty()) continue;
    ++broken;
    FAIL_CHECK("seed " << seed << ": " << outcome.wrong);
  }
  CHECK(tasks > count);
  fmt::print("{} seeds, {} tasks, {} events; whole again after {:.1f} s at the latest\n",
             count,
             tasks,
             events,
             slowest);
}

}  // namespace

TEST_CASE("whatever fails, the cluster keeps its promises: first quarter of the seeds") {
  run_seeds(0);
}

TEST_CASE("whatever fails, the cluster keeps its promises: second quarter of the seeds") {
  run_seeds(1);
}

TEST_CASE("whatever fails, the cluster keeps its promises: third quarter of the seeds") {
  run_seeds(2);
}

TEST_CASE("whatever fails, the cluster keeps its promises: fourth quarter of the seeds") {
  run_seeds(3);
}

}  // namespace ikada::control
