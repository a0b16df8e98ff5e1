#include "cmd/ikada/service_targets.h"

#include <initializer_list>

#include <doctest/doctest.h>

namespace ikada {
namespace {

std::string awaited(std::initializer_list<const char*> states, int tasks) {
  Json targets = Json::array();
  for (const char* state : states) targets.push_back({{"TargetHealth", {{"State", state}}}});
  return describe_awaited_targets(targets, tasks);
}

}  // namespace

TEST_CASE("targets are waited for until as many as there are tasks are healthy") {
  CHECK(awaited({"healthy", "healthy"}, 2).empty());
  CHECK(awaited({"healthy", "initial"}, 2) == "1 of 2 targets are healthy");
  CHECK(awaited({"healthy", "unhealthy"}, 2) == "1 of 2 targets are healthy");
  CHECK(awaited({}, 1) == "0 of 1 targets are healthy");
  CHECK(awaited({}, 0).empty());
  // One of another service's tasks, and one that goes.
  CHECK(awaited({"healthy", "initial"}, 1) == "1 of 2 targets are healthy");
  CHECK(awaited({"healthy", "unhealthy", "draining"}, 1).empty());
}

TEST_CASE("targets that nobody checks are not waited for") {
  CHECK(awaited({"unused", "unused"}, 2).empty());
  CHECK(awaited({"unavailable"}, 1).empty());
}

}  // namespace ikada
