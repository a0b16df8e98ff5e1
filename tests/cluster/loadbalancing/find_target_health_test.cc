#include "cluster/loadbalancing/find_target_health.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "cluster/model/task_stop.h"
#include "runtime/base/prng.h"
#include "tests/cluster/loadbalancing/balanced_state.h"

namespace ikada {
namespace {

constexpr const char* kWeb = "web.00000000000000aa";

std::string health(const BalancedState& it,
                   const TargetSights& sights,
                   const std::string& group = "web") {
  const auto all =
      find_target_health(it.state, it.home(), it.group(group), put_together(sights), it.now);
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

// Of the target that one_sight() is of.
std::optional<TargetSight> sight(const TargetSights& sights) {
  const SeenTargets seen = put_together(sights);
  const TargetSight* found = find_sight(seen, kWeb, "a:1");
  return found == nullptr ? std::nullopt : std::optional(*found);
}

TEST_CASE("hosts that see a target otherwise make it not known") {
  TargetSights sights = one_sight(kWeb, "a:1", {.state = TargetState::kHealthy});
  sights.hosts.push_back({});
  REQUIRE(sight(sights) != std::nullopt);
  CHECK(sight(sights)->state == TargetState::kHealthy);

  sights.hosts[1][kWeb]["a:1"] = {.state = TargetState::kUnhealthy, .reason = "Target.Timeout"};
  CHECK(sight(sights) == TargetSight{.reason = "Elb.InitialHealthChecking",
                                     .description = "Initial health checks in progress"});
  sights.hosts[0] = sights.hosts[1];
  CHECK(sight(sights) == TargetSight{.state = TargetState::kUnhealthy, .reason = "Target.Timeout"});
  CHECK(find_sight(put_together(sights), kWeb, "b:1") == nullptr);
  CHECK(find_sight(put_together(sights), "other", "a:1") == nullptr);
}

TEST_CASE("a target is idle when every host has drained it") {
  const TargetObservation drained{.state = TargetState::kDraining};
  TargetSights sights = one_sight(kWeb, "a:1", drained);
  CHECK(sight(sights)->is_idle);

  sights.has_all = false;
  CHECK_FALSE(sight(sights)->is_idle);
  sights.has_all = true;
  sights.hosts.push_back({});
  CHECK_FALSE(sight(sights)->is_idle);
  sights.hosts[1][kWeb]["a:1"] = drained;
  CHECK(sight(sights)->is_idle);
  sights.hosts[1][kWeb]["a:1"].sessions = 1;
  CHECK_FALSE(sight(sights)->is_idle);
  // It has not heard of the deregistration yet.
  sights.hosts[1][kWeb]["a:1"] = {.state = TargetState::kHealthy};
  CHECK_FALSE(sight(sights)->is_idle);
}

TEST_CASE("what is no news comes to the same") {
  Prng prng(1);
  const auto some = [&] {
    TargetSights sights{.hosts = {{}, {}}, .has_all = prng.below(4) != 0};
    for (TargetObservations& host : sights.hosts) {
      if (prng.below(8) == 0) continue;
      host[kWeb]["a:1"] = {.state = static_cast<TargetState>(1 + prng.below(3)),
                           .sessions = prng.below(3)};
    }
    return sights;
  };
  int alike = 0;
  for (int count = 0; count < 5000; ++count) {
    const TargetSights before = some();
    const TargetSights after = some();
    if (is_news(before, after)) continue;
    CHECK(put_together(before) == put_together(after));
    ++alike;
  }
  CHECK(alike > 100);
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
