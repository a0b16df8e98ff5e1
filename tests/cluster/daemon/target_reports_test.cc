#include "cluster/daemon/target_reports.h"

#include <limits>

#include <doctest/doctest.h>

namespace ikada {
namespace {

constexpr TargetReports::Clock::time_point kStart{};

const TargetReports::Others kOthers = {{"b", "host b"}};

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

TEST_CASE("what a host serves comes over the link as it was") {
  const std::optional<Serving> unknown;
  const std::optional<Serving> all_well = Serving{.revision = 7};
  const std::optional<Serving> impaired = Serving{.revision = 8, .problems = {{"web.1", "taken"}}};
  for (const std::optional<Serving>& before : {unknown, all_well, impaired}) {
    Json body = to_json(seen(TargetState::kHealthy));
    body["serving"] = serving_to_json(before);
    const Result<std::optional<Serving>> after = read_serving(parse_json(body.dump()).value());
    REQUIRE(after.has_value());
    CHECK(*after == before);
    // Who does not know of it reads the rest.
    CHECK(read_observations(body).has_value());
  }
  CHECK_FALSE(read_serving(Json{{"serving", {{"revision", "x"}}}}).has_value());
  CHECK_FALSE(read_serving(Json{{"serving", 1}}).has_value());
}

TEST_CASE("a report that does not say what is served is of a host that serves everything") {
  const Result<std::optional<Serving>> read = read_serving(to_json(TargetObservations()));
  REQUIRE(read.has_value());
  REQUIRE(read->has_value());
  CHECK((*read)->revision == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("who has told nothing for a while is not waited for") {
  TargetReports reports;
  const auto at = [&](std::chrono::seconds later) {
    return reports.sights({}, kOthers, kStart + later).serving.carriers;
  };
  REQUIRE(at(std::chrono::seconds(0)).size() == 1);
  CHECK(at(std::chrono::seconds(1))[0].host == "host b");
  CHECK_FALSE(at(std::chrono::seconds(1))[0].told.has_value());
  CHECK(at(kReportLife).size() == 1);
  CHECK(at(kReportLife + kReportAgain).empty());

  reports.put("b", {.serving = Serving{.revision = 7}}, kStart);
  CHECK(at(kReportLife)[0].told == Serving{.revision = 7});
  CHECK(at(kReportLife + kReportAgain).empty());
  // Lost and found again.
  CHECK(reports.sights({}, {}, kStart).serving.carriers.empty());
  CHECK(at(kReportLife + kReportAgain).size() == 1);
}

TEST_CASE("all have told when each manager has, not long ago") {
  TargetReports reports;
  const TargetObservations own = seen(TargetState::kHealthy);
  CHECK(reports.sights(own, {}, kStart).has_all);
  CHECK_FALSE(reports.sights(own, kOthers, kStart).has_all);
  reports.put("b", {.observations = seen(TargetState::kUnhealthy)}, kStart);
  const TargetSights both = reports.sights(own, kOthers, kStart);
  CHECK(both.has_all);
  CHECK(both.hosts.size() == 2);
  CHECK_FALSE(reports.sights(own, kOthers, kStart + kReportLife + kReportAgain).has_all);
}

TEST_CASE("one that is no manager any more does not count") {
  TargetReports reports;
  reports.put("b", {.observations = seen(TargetState::kHealthy)}, kStart);
  CHECK(reports.sights({}, {}, kStart).hosts.size() == 1);
  CHECK_FALSE(reports.sights({}, kOthers, kStart).has_all);
}

}  // namespace
}  // namespace ikada
