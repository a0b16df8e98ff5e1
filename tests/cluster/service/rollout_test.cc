#include "cluster/service/rollout.h"

#include <doctest/doctest.h>

#include "tests/cluster/service/service_world.h"

namespace ikada::service {
namespace {

void break_circuit(ServiceWorld& world, bool rollback) {
  world.service.deployment_configuration.breaker = {.enable = true, .rollback = rollback};
}

TEST_CASE("without a breaker a deployment whose tasks fail goes on trying") {
  ServiceWorld world(2);
  world.can_start = false;
  for (int i = 0; i < 20; ++i) {
    world.step();
    world.obey();
    world.pass(std::chrono::minutes(15));
  }
  CHECK(world.primary().rollout_state == "IN_PROGRESS");
  CHECK(world.tasks.size() >= 20);
}

TEST_CASE("the breaker ends a deployment whose tasks do not start") {
  ServiceWorld world(1);
  break_circuit(world, true);
  world.can_start = false;
  world.settle();
  CHECK(world.primary().rollout_state == "FAILED");
  CHECK(world.primary().rollout_state_reason ==
        "ECS deployment circuit breaker: tasks failed to start.");
  CHECK(world.tasks.size() == 3);
}

TEST_CASE("the breaker rolls back to the last completed deployment") {
  ServiceWorld world(4);
  break_circuit(world, true);
  world.settle();
  const std::string good = world.primary().id;
  REQUIRE(world.primary().rollout_state == "COMPLETED");

  world.can_start = false;
  world.deploy();
  const std::string bad = world.primary().id;
  world.fewest_healthy = 4;
  std::vector<std::string> events;
  for (int i = 0; i < 10 && world.primary().id == bad; ++i) {
    const Decision decision = world.step();
    events.insert(events.end(), decision.events.begin(), decision.events.end());
    world.obey();
    world.pass(std::chrono::seconds(1));
  }
  CHECK(world.primary().id == good);
  CHECK(world.primary().rollout_state_reason ==
        "ECS deployment circuit breaker: rolling back to deploymentId " + good + ".");
  REQUIRE(events.size() >= 2);
  CHECK(events[events.size() - 2] ==
        "(service web) (deployment " + bad + ") deployment failed: tasks failed to start.");
  CHECK(events.back() == "(service web) rolling back to deployment " + good + ".");

  world.settle();
  CHECK(world.primary().rollout_state == "COMPLETED");
  CHECK(world.service.deployments.size() == 1);
  CHECK(world.live(good) == 4);
  CHECK(world.fewest_healthy == 4);
}

TEST_CASE("a crash after the start counts for the breaker, too") {
  ServiceWorld world(1);
  break_circuit(world, false);
  for (int i = 0; i < 12 && world.primary().rollout_state != "FAILED"; ++i) {
    world.step();
    world.obey();
    for (Task& each : world.tasks) {
      if (each.last_status == TaskStatus::kRunning) world.fail(each, "EssentialContainerExited");
    }
    world.pass(std::chrono::seconds(5));
  }
  CHECK(world.primary().rollout_state == "FAILED");
  CHECK(world.tasks.size() == 3);
}

TEST_CASE("scaling changes the newest deployment in place") {
  ServiceWorld world(2);
  world.settle();
  const std::string id = world.primary().id;
  world.scale(5);
  world.settle();
  CHECK(world.primary().id == id);
  CHECK(world.live(id) == 5);
  CHECK(is_steady(world.service, {.service = &world.service}) == false);
}

}  // namespace
}  // namespace ikada::service
