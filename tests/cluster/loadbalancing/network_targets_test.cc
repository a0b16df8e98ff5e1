#include "cluster/loadbalancing/network_targets.h"

#include <doctest/doctest.h>

#include "tests/cluster/loadbalancing/sample_plan.h"

namespace ikada {
namespace {

constexpr auto kHealthy = TargetState::kHealthy;
constexpr auto kUnhealthy = TargetState::kUnhealthy;

BalancerPlan network_plan(const std::string& protocol) {
  BalancerPlan plan = make_plan();
  plan.listeners[0].protocol = protocol;
  plan.groups[0].protocol = protocol;
  return plan;
}

TargetObservations seen(TargetState one, TargetState two) {
  return {{"web", {{"one", {.state = one}}, {"two", {.state = two}}}}};
}

std::vector<std::string> ids_of(const std::vector<PlannedTarget>& targets) {
  std::vector<std::string> ids;
  ids.reserve(targets.size());
  for (const PlannedTarget& each : targets) ids.push_back(each.id);
  return ids;
}

using Ids = std::vector<std::string>;

TEST_CASE("healthy targets get new connections") {
  const auto listeners = find_network_targets(network_plan("TCP"), seen(kUnhealthy, kHealthy));

  REQUIRE(listeners.size() == 1);
  CHECK(listeners[0].port == 80);
  CHECK_FALSE(listeners[0].is_udp);
  CHECK_FALSE(listeners[0].hides_clients);
  CHECK(ids_of(listeners[0].targets) == Ids{"two"});
}

TEST_CASE("where no target is healthy all get them, but those that drain") {
  BalancerPlan plan = network_plan("TCP");
  CHECK(ids_of(find_network_targets(plan, {})[0].targets) == Ids{"one", "two"});

  plan.groups[0].targets[0].draining = true;

  CHECK(ids_of(find_network_targets(plan, seen(kHealthy, kUnhealthy))[0].targets) == Ids{"two"});
}

TEST_CASE("TCP_UDP listeners are two, those of other protocols none") {
  const auto both = find_network_targets(network_plan("TCP_UDP"), {});

  REQUIRE(both.size() == 2);
  CHECK(both[0].is_udp != both[1].is_udp);
  CHECK(find_network_targets(network_plan("UDP"), {})[0].is_udp);
  CHECK(find_network_targets(make_plan(), {}).empty());
}

TEST_CASE("attributes of the group say whether clients are hidden and come back to one target") {
  BalancerPlan plan = network_plan("TCP");
  plan.groups[0].attributes = {{"preserve_client_ip.enabled", "false"},
                               {"stickiness.enabled", "true"}};

  const auto listeners = find_network_targets(plan, {});

  CHECK(listeners[0].hides_clients);
  CHECK(listeners[0].is_by_source);
}

TEST_CASE("connections to an unhealthy target end while others are healthy") {
  const BalancerPlan plan = network_plan("TCP");

  const auto ended = find_ended_targets(plan, plan, seen(kUnhealthy, kHealthy));

  REQUIRE(ended.size() == 1);
  CHECK(ended[0].target.id == "one");
  CHECK(find_ended_targets(plan, plan, seen(kUnhealthy, kUnhealthy)).empty());
  BalancerPlan patient = plan;
  patient.groups[0].attributes = {
      {"target_health_state.unhealthy.connection_termination.enabled", "false"}};
  CHECK(find_ended_targets(patient, patient, seen(kUnhealthy, kHealthy)).empty());
}

TEST_CASE("connections to a drained target end only where the group says so") {
  BalancerPlan before = network_plan("TCP");
  BalancerPlan after = before;
  before.groups[0].targets[0].draining = true;
  after.groups[0].targets.erase(after.groups[0].targets.begin());
  CHECK(find_ended_targets(before, after, {}).empty());

  before.groups[0].attributes = {{"deregistration_delay.connection_termination.enabled", "true"}};

  const auto ended = find_ended_targets(before, after, {});
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].target.id == "one");
  CHECK_FALSE(ended[0].is_udp);
}

TEST_CASE("flows of datagrams end with the drain unless the group says otherwise") {
  BalancerPlan before = network_plan("UDP");
  BalancerPlan after = before;
  before.groups[0].targets[0].draining = true;
  after.groups[0].targets.erase(after.groups[0].targets.begin());
  REQUIRE(find_ended_targets(before, after, {}).size() == 1);
  CHECK(find_ended_targets(before, after, {})[0].is_udp);

  before.groups[0].attributes = {{"deregistration_delay.connection_termination.enabled", "false"}};

  CHECK(find_ended_targets(before, after, {}).empty());
}

TEST_CASE("connections are kept to all targets but those that have failed") {
  BalancerPlan plan = network_plan("UDP");
  CHECK(ids_of(find_network_targets(plan, seen(kUnhealthy, kHealthy))[0].kept) == Ids{"two"});
  CHECK(find_network_targets(plan, seen(kUnhealthy, kUnhealthy))[0].kept.size() == 2);
  CHECK_FALSE(find_network_targets(plan, {})[0].keeps_drained);

  plan.groups[0].targets[0].draining = true;
  plan.groups[0].attributes = {{"deregistration_delay.connection_termination.enabled", "false"}};

  const auto draining = find_network_targets(plan, seen(kUnhealthy, kHealthy));
  CHECK(ids_of(draining[0].targets) == Ids{"two"});
  CHECK(ids_of(draining[0].kept) == Ids{"one", "two"});
  CHECK(draining[0].keeps_drained);
}

TEST_CASE("connections of a listener that is deleted do not end with its group") {
  CHECK(find_ended_targets(network_plan("TCP"), {}, {}).empty());
}

TEST_CASE("what has failed is told without a plan before") {
  REQUIRE(find_ended_targets({}, network_plan("TCP"), seen(kUnhealthy, kHealthy)).size() == 1);
}

TEST_CASE("connections to a target that is gone without a drain end") {
  const BalancerPlan before = network_plan("TCP");
  BalancerPlan after = before;
  after.groups[0].targets.pop_back();

  const auto ended = find_ended_targets(before, after, {});

  REQUIRE(ended.size() == 1);
  CHECK(ended[0].target.id == "two");
}

TEST_CASE("targets that drain are told with their groups") {
  BalancerPlan plan = network_plan("TCP");
  plan.groups[0].targets[1].draining = true;

  const auto draining = find_draining_targets(plan);

  REQUIRE(draining.size() == 1);
  CHECK(draining[0].group == "web");
  CHECK(draining[0].target.id == "two");
}

}  // namespace
}  // namespace ikada
