#include "cluster/daemon/target_reports.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

constexpr TargetReports::Clock::time_point kStart{};

TargetObservations seen(TargetState state, std::int64_t sessions = 0) {
  return {{"web", {{"task:80", {.state = state, .reason = "r", .sessions = sessions}}}}};
}

TEST_CASE("what is told comes over the link as it was") {
  const TargetObservations before = seen(TargetState::kDraining, 3);
  const Result<TargetObservations> after = read_observations(to_json(before));
  REQUIRE(after.has_value());
  CHECK(*after == before);
  CHECK(read_observations(to_json(TargetObservations()))->empty());
  for (const Json& bad : {Json(1),
                          Json::object(),
                          Json{{"groups", 1}},
                          Json{{"groups", {{"web", 1}}}},
                          Json{{"groups", {{"web", {{"t", 1}}}}}},
                          Json{{"groups", {{"web", {{"t", {{"state", "well"}}}}}}}}}) {
    CAPTURE(bad.dump());
    CHECK_FALSE(read_observations(bad).has_value());
  }
}

TEST_CASE("all have told when each manager has, not long ago") {
  TargetReports reports;
  const TargetObservations own = seen(TargetState::kHealthy);
  CHECK(reports.sights(own, {}, kStart).has_all);
  CHECK_FALSE(reports.sights(own, {"b"}, kStart).has_all);
  reports.put("b", seen(TargetState::kUnhealthy), kStart);
  const TargetSights both = reports.sights(own, {"b"}, kStart);
  CHECK(both.has_all);
  CHECK(both.hosts.size() == 2);
  CHECK_FALSE(reports.sights(own, {"b"}, kStart + kReportLife + kReportAgain).has_all);
}

TEST_CASE("one that is no manager any more does not count") {
  TargetReports reports;
  reports.put("b", seen(TargetState::kHealthy), kStart);
  CHECK(reports.sights({}, {}, kStart).hosts.size() == 1);
  CHECK_FALSE(reports.sights({}, {"b"}, kStart).has_all);
}

}  // namespace
}  // namespace ikada
