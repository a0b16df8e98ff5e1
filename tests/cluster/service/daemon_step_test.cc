#include "cluster/service/daemon_step.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/cluster/service/service_world.h"

namespace ikada::service {
namespace {

struct DaemonWorld : ServiceWorld {
  DaemonWorld() : ServiceWorld(0) {
    service.scheduling_strategy = "DAEMON";
    hosts = {"a", "b", "c"};
  }

  std::multiset<std::string> places() const {
    std::multiset<std::string> found;
    for (const Task& each : tasks) {
      if (is_live({.task = &each})) found.insert(*each.container_instance);
    }
    return found;
  }
};

TEST_CASE("every host has one, also one that comes later") {
  DaemonWorld world;
  world.settle();
  CHECK(world.places() == std::multiset<std::string>{"a", "b", "c"});
  CHECK(world.service.desired_count == 3);
  CHECK(world.primary().rollout_state == "COMPLETED");
  world.hosts.insert("d");
  world.settle();
  CHECK(world.places().count("d") == 1);
}

TEST_CASE("an update stops the old one of a host before it starts the new one") {
  DaemonWorld world;
  world.settle();
  world.deploy();
  const Decision decision = world.step();
  CHECK(decision.stops.size() == 3);
  CHECK(decision.starts_on.empty());
  world.settle();
  CHECK(world.places() == std::multiset<std::string>{"a", "b", "c"});
  CHECK(world.live(world.primary().id) == 3);
  CHECK(world.service.deployments.size() == 1);
}

TEST_CASE("an update keeps as many healthy as it is told") {
  DaemonWorld world;
  world.service.deployment_configuration.minimum_healthy_percent = 66;
  world.settle();
  world.deploy();
  world.fewest_healthy = 3;
  world.settle();
  CHECK(world.fewest_healthy == 2);
  CHECK(world.live(world.primary().id) == 3);
}

TEST_CASE("an update that may stop none first says so") {
  DaemonWorld world;
  world.service.deployment_configuration.minimum_healthy_percent = 100;
  world.settle();
  CHECK(world.step().repeated_events.empty());

  world.deploy();

  const Decision decision = world.step();
  CHECK(decision.stops.empty());
  REQUIRE(decision.repeated_events.size() == 1);
  CHECK(decision.repeated_events[0].starts_with(
      "(service web) was unable to stop or start tasks during a deployment because of"));
}

TEST_CASE("a host that is not for it any more loses it") {
  DaemonWorld world;
  world.settle();
  world.hosts.erase("b");
  world.settle();
  CHECK(world.places() == std::multiset<std::string>{"a", "c"});
}

TEST_CASE("a drained host keeps it until nothing else is there") {
  DaemonWorld world;
  world.settle();
  world.hosts.erase("b");
  world.draining.insert("b");
  CHECK(world.step().stops.empty());
  world.emptied.insert("b");
  CHECK(world.step().stops.size() == 1);
}

TEST_CASE("two on a host are one too many") {
  DaemonWorld world;
  world.settle();
  world.add(world.primary(), TaskStatus::kRunning).container_instance = "a";
  CHECK(world.step().stops.size() == 1);
}

}  // namespace
}  // namespace ikada::service
