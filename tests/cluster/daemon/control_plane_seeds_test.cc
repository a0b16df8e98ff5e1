// Seeds that failed once, each with what it showed.
#include <doctest/doctest.h>

#include "tests/cluster/control/control_run.h"

namespace ikada::control {

TEST_CASE("the same seed gives the same run") {
  const ControlOutcome one = run_control(7, {});
  const ControlOutcome other = run_control(7, {});

  CHECK(one.wrong == "");
  CHECK(one.events == other.events);
  CHECK(one.tasks == other.tasks);
  CHECK(one.seconds_to_settle == other.seconds_to_settle);
}

TEST_CASE("seed 3961: a task on its way to the store keeps its place when a leader begins") {
  CHECK(run_control(3961, {}).wrong == "");
}

TEST_CASE("seed 13870: a daemon finds what the one before it was just starting") {
  CHECK(run_control(13'870, {}).wrong == "");
}

TEST_CASE("seed 55672: a task whose commit's answer was lost keeps its place until it is seen") {
  CHECK(run_control(55'672, {}).wrong == "");
}

TEST_CASE("seed 27500: an instance that goes and comes back has the tasks that have not ended") {
  CHECK(run_control(27'500, {}).wrong == "");
}

TEST_CASE("seed 59113: what a host said before it forgot a task does not end it later") {
  CHECK(run_control(59'113, {}).wrong == "");
}

TEST_CASE("seed 66002: what a host reports before it hears its tasks is not lost") {
  CHECK(run_control(66'002, {}).wrong == "");
}

}  // namespace ikada::control
