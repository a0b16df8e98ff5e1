#include "cluster/loadbalancing/target_observations.h"

#include <doctest/doctest.h>

#include "cluster/loadbalancing/group_config.h"
#include "tests/cluster/loadbalancing/sample_plan.h"

namespace ikada {
namespace {

struct Seen {
  Seen() {
    plan = make_plan();
    plan.groups.front().targets.pop_back();
    name = server_name(plan.groups.front().targets.front());
  }
  TargetObservation see(const TargetObservations& before = {}) const {
    return observe_targets(status, plan, before).at("web").at("one");
  }
  ProxyServer& checked() { return status.servers["g:web"][name]; }

  BalancerPlan plan;
  ProxyStatus status;
  std::string name;
};

}  // namespace

TEST_CASE("a target is initial until a check has passed") {
  Seen seen;
  CHECK(seen.see().reason == "Elb.InitialHealthChecking");

  seen.checked() = {.status = "UP", .check_status = "INI", .weight = 0};
  CHECK(seen.see().state == TargetState::kInitial);

  seen.checked().weight = 100;
  CHECK(seen.see() == TargetObservation{.state = TargetState::kHealthy});
}

TEST_CASE("an unhealthy target has the reason of its last check") {
  Seen seen;
  seen.checked() = {.status = "DOWN", .check_status = "L7STS", .check_code = 503};
  CHECK(seen.see().reason == "Target.ResponseCodeMismatch");
  CHECK(seen.see().description == "Health checks failed with these codes: [503]");

  for (const char* timeout : {"L4TOUT", "L6TOUT", "L7TOUT"}) {
    seen.checked().check_status = timeout;
    CHECK(seen.see().reason == "Target.Timeout");
    CHECK(seen.see().description == "Request timed out");
  }
  seen.checked().check_status = "L4CON";
  CHECK(seen.see().reason == "Target.FailedHealthChecks");
  CHECK(seen.see().description == "Health checks failed");
}

TEST_CASE("a worker that knows nothing yet does not change what is known") {
  Seen seen;
  TargetObservations before;
  before["web"]["one"] = {.state = TargetState::kUnhealthy, .reason = "Target.Timeout"};
  seen.checked() = {.status = "UP", .check_status = "INI", .weight = 0};

  CHECK(seen.see(before).reason == "Target.Timeout");
}

TEST_CASE("a draining target has sessions until it is deleted") {
  Seen seen;
  seen.plan.groups.front().targets.front().draining = true;
  seen.checked() = {.status = "UP", .check_status = "L7OK", .weight = 100};
  // HAProxy has not been told.
  CHECK(seen.see().state == TargetState::kHealthy);

  seen.checked().status = "DRAIN";
  CHECK(seen.see().state == TargetState::kDraining);
  CHECK(seen.see().reason == "Target.DeregistrationInProgress");
  CHECK(seen.see().sessions == 1);

  seen.status.servers.clear();
  seen.status.lingering[seen.name] = 2;
  CHECK(seen.see().sessions == 2);

  seen.status.lingering.clear();
  CHECK(seen.see().state == TargetState::kDraining);
  CHECK(seen.see().sessions == 0);
}

TEST_CASE("a group's counts are those of both its sections") {
  Seen seen;
  seen.status.counts["g:web"] = {.requests = 5, .responses = {0, 4, 0, 0, 1}};
  seen.status.counts["o:web"] = {.requests = 2, .responses = {0, 0, 0, 0, 2}};

  const auto counts = group_counts(seen.status, seen.plan);

  CHECK(counts.at("web").requests == 7);
  CHECK(counts.at("web").responses[4] == 3);
}

TEST_CASE("sessions are news of draining targets only") {
  TargetObservations before;
  before["web"]["one"] = {.state = TargetState::kHealthy, .sessions = 1};
  TargetObservations now = before;
  now["web"]["one"].sessions = 2;
  CHECK_FALSE(is_news(before, now));

  before["web"]["one"].state = now["web"]["one"].state = TargetState::kDraining;
  CHECK(is_news(before, now));
}

TEST_CASE("where no HAProxy runs nothing is under way to what drains") {
  BalancerPlan plan = make_plan();
  plan.groups.front().targets.front().draining = true;
  TargetObservations before;
  before["web"]["one"] = {.state = TargetState::kDraining, .sessions = 3};
  before["web"]["two"] = {.state = TargetState::kHealthy};
  before["web"]["gone"] = {.state = TargetState::kHealthy};

  const TargetObservations now = observe_without_proxy(plan, before);

  CHECK(now.at("web").size() == 2);
  CHECK(now.at("web").at("one").state == TargetState::kDraining);
  CHECK(now.at("web").at("one").sessions == 0);
  CHECK(now.at("web").at("two") == before["web"]["two"]);
  CHECK(observe_without_proxy(plan, {}).at("web").size() == 1);
}

}  // namespace ikada
