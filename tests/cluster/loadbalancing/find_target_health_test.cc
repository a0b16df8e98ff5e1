#include "cluster/loadbalancing/find_target_health.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "cluster/model/task_stop.h"
#include "tests/cluster/loadbalancing/balanced_state.h"

namespace ikada {
namespace {

constexpr const char* kWeb = "web.00000000000000aa";

std::string health(const BalancedState& it,
                   const TargetSights& sights,
                   const std::string& group = "web") {
  const auto all = find_target_health(it.state, it.home(), it.group(group), sights, it.now);
  if (all.size() != 1) return fmt::format("{} targets", all.size());
  return fmt::format("{}:{} {} {}", all[0].id, all[0].port, to_text(all[0].state), all[0].reason);
}

TEST_CASE("a target is registered, checked, and then good or bad") {
  BalancedState it;
  it.put_task(running_target("a", it.group("web"), 32768));

  CHECK(health(it, {}) == "i:32768 initial Elb.RegistrationInProgress");
  CHECK(health(it, one_sight(kWeb, "a:32768", {})) == "i:32768 initial Elb.InitialHealthChecking");
  CHECK(health(it, one_sight(kWeb, "a:32768", {.state = TargetState::kHealthy})) ==
        "i:32768 healthy ");
  CHECK(health(
            it,
            one_sight(
                kWeb, "a:32768", {.state = TargetState::kUnhealthy, .reason = "Target.Timeout"})) ==
        "i:32768 unhealthy Target.Timeout");
}

TEST_CASE("a target of a group that no listener uses is unused") {
  BalancedState it;
  it.put_task(running_target("a", it.group("idle"), 32768));

  CHECK(health(it, {}, "idle") == "i:32768 unused Target.NotInUse");
}

TEST_CASE("a target that is deregistered is draining, whatever is seen") {
  BalancedState it;
  Task task = running_target("a", it.group("web"), 32768);
  REQUIRE(ask_to_stop(task, "UserInitiated", "so", StopOrder::kDrainFirst, it.now));
  it.put_task(task);

  CHECK(health(it, one_sight(kWeb, "a:32768", {.state = TargetState::kHealthy})) ==
        "i:32768 draining Target.DeregistrationInProgress");
}

TEST_CASE("hosts that see a target otherwise make it not known") {
  TargetSights sights = one_sight(kWeb, "a:1", {.state = TargetState::kHealthy, .sessions = 2});
  sights.hosts.push_back({});
  REQUIRE(find_sight(sights, kWeb, "a:1").has_value());
  CHECK(find_sight(sights, kWeb, "a:1")->state == TargetState::kHealthy);

  sights.hosts[1][kWeb]["a:1"] = {.state = TargetState::kUnhealthy, .sessions = 3};
  CHECK(find_sight(sights, kWeb, "a:1")->state == TargetState::kInitial);
  CHECK(find_sight(sights, kWeb, "a:1")->sessions == 5);
  CHECK_FALSE(find_sight(sights, kWeb, "b:1").has_value());
  CHECK_FALSE(find_sight(sights, "other", "a:1").has_value());
}

TEST_CASE("a target is idle when every host has drained it") {
  const TargetObservation drained{.state = TargetState::kDraining};
  TargetSights sights = one_sight(kWeb, "a:1", drained);
  CHECK(GroupSights(sights, kWeb).is_idle("a:1"));
  CHECK_FALSE(GroupSights({}, kWeb).is_idle("a:1"));
  CHECK_FALSE(GroupSights({.has_all = true}, kWeb).is_idle("a:1"));

  sights.has_all = false;
  CHECK_FALSE(GroupSights(sights, kWeb).is_idle("a:1"));
  sights.has_all = true;
  sights.hosts.push_back({});
  CHECK_FALSE(GroupSights(sights, kWeb).is_idle("a:1"));
  sights.hosts[1][kWeb]["a:1"] = drained;
  CHECK(GroupSights(sights, kWeb).is_idle("a:1"));
  sights.hosts[1][kWeb]["a:1"].sessions = 1;
  CHECK_FALSE(GroupSights(sights, kWeb).is_idle("a:1"));
  // It has not heard of the deregistration yet.
  sights.hosts[1][kWeb]["a:1"] = {.state = TargetState::kHealthy};
  CHECK_FALSE(GroupSights(sights, kWeb).is_idle("a:1"));
}

TEST_CASE("other sessions are no news, unless a drain ends with them") {
  const auto with = [](TargetState state, std::int64_t sessions) {
    return one_sight(kWeb, "a:1", {.state = state, .sessions = sessions});
  };
  const TargetSights healthy = with(TargetState::kHealthy, 1);
  CHECK_FALSE(is_news(healthy, with(TargetState::kHealthy, 7)));
  CHECK_FALSE(is_news(healthy, with(TargetState::kHealthy, 0)));
  CHECK(is_news(healthy, with(TargetState::kDraining, 1)));
  CHECK_FALSE(is_news(with(TargetState::kDraining, 2), with(TargetState::kDraining, 1)));
  CHECK(is_news(with(TargetState::kDraining, 1), with(TargetState::kDraining, 0)));
  CHECK(is_news(healthy, {}));
  CHECK(is_news({}, healthy));
  TargetSights partial = healthy;
  partial.has_all = false;
  CHECK(is_news(healthy, partial));
  CHECK(is_news(healthy, one_sight(kWeb, "b:1", {.state = TargetState::kHealthy})));
}

}  // namespace
}  // namespace ikada
