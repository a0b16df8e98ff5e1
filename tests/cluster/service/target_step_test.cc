#include "cluster/service/target_step.h"

#include <algorithm>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "cluster/model/task_stop.h"
#include "cluster/service/failures.h"
#include "tests/cluster/service/service_world.h"

namespace ikada::service {
namespace {

using std::chrono::seconds;
using State = TargetsView::State;
using Texts = std::vector<std::string>;

ServiceWorld balanced(std::int32_t desired_count) {
  ServiceWorld world(desired_count);
  world.has_targets = true;
  return world;
}

int draining(const ServiceWorld& world) {
  return static_cast<int>(std::count_if(world.tasks.begin(), world.tasks.end(), is_draining));
}

TEST_CASE("tasks are registered when they run, and their targets' health completes a deployment") {
  ServiceWorld world = balanced(2);
  world.seen_of_others = State::kUnknown;
  world.step();
  world.obey();

  CHECK(world.step().events ==
        Texts{"(service web) registered 2 targets in (target-group arn:tg)"});
  world.pass(seconds(100));
  CHECK(world.step().events.empty());
  CHECK(world.primary().rollout_state == "IN_PROGRESS");

  world.seen_of_others = State::kHealthy;
  const Decision decision = world.step();
  CHECK(world.primary().rollout_state == "COMPLETED");
  CHECK(decision.is_steady);
  CHECK(world.tasks[0].targets->healthy_since == world.now);
}

TEST_CASE("a task that goes is drained before it is stopped, and told of in ECS's order") {
  ServiceWorld world = balanced(3);
  world.settle();
  world.scale(1);

  Decision decision = world.step();
  CHECK(decision.events == Texts{"(service web) has begun draining connections on 2 tasks.",
                                 "(service web) deregistered 2 targets in (target-group arn:tg)"});
  CHECK(draining(world) == 2);
  world.obey();
  CHECK(draining(world) == 2);

  decision = world.step();
  CHECK(decision.events.empty());
  CHECK_FALSE(decision.is_steady);
  REQUIRE(decision.look_again.has_value());
  CHECK(*decision.look_again == world.now + seconds(5));

  world.pass(seconds(5));
  decision = world.step();
  CHECK(draining(world) == 0);
  REQUIRE(decision.events.size() == 1);
  CHECK(decision.events[0].starts_with("(service web) has stopped 2 running tasks: (task "));
  world.obey();
  CHECK(world.step().is_steady);
}

TEST_CASE("a user's stop is drained too, and told of by nobody") {
  ServiceWorld world = balanced(1);
  world.settle();
  ask_to_stop(world.tasks[0], "UserInitiated", "so", StopOrder::kDrainFirst, world.now);

  CHECK(world.step().starts == 1);  // It does not count any more.
  world.obey();
  world.pass(seconds(5));
  const Decision decision = world.step();
  CHECK(draining(world) == 0);
  CHECK(decision.events == Texts{"(service web) registered 1 targets in (target-group arn:tg)"});
}

TEST_CASE("a rolling update keeps within both limits with healthy targets only") {
  ServiceWorld world = balanced(4);
  world.service.deployment_configuration.minimum_healthy_percent = 100;
  world.service.deployment_configuration.maximum_percent = 125;
  world.settle();
  world.deploy();
  world.fewest_healthy = 4;
  world.most_live = 0;
  world.settle();
  CHECK(world.live(world.primary().id) == 4);
  CHECK(world.service.deployments.size() == 1);
  CHECK(world.primary().rollout_state == "COMPLETED");
  CHECK(world.fewest_healthy == 4);
  CHECK(world.most_live == 5);
}

TEST_CASE("new tasks whose targets are not healthy replace nobody") {
  ServiceWorld world = balanced(2);
  world.settle();
  const std::string old = world.primary().id;
  world.deploy();
  world.seen_of_others = State::kUnknown;
  for (int i = 0; i < 200; ++i) {
    world.step();
    world.obey();
    world.pass(seconds(1));
  }
  CHECK(world.live(old) == 2);
  CHECK(world.live(world.primary().id) == 2);
  CHECK(draining(world) == 0);
}

TEST_CASE("what is not known kills nobody and leaves what was healthy healthy") {
  ServiceWorld world = balanced(3);
  world.settle();
  world.seen_of_others = State::kUnknown;

  const Decision decision = world.step();

  CHECK(decision.stops.empty());
  CHECK(decision.starts == 0);
  CHECK(decision.targets.empty());
  CHECK(decision.is_steady);
}

TEST_CASE("a task with an unhealthy target is replaced, and its group named") {
  ServiceWorld world = balanced(2);
  world.settle();
  const std::string bad = world.tasks[0].id;
  world.seen[bad] = State::kUnhealthy;

  Decision decision = world.step();
  CHECK(decision.starts == 1);
  CHECK(decision.replaced_unhealthy == 1);
  CHECK_FALSE(world.tasks[0].targets->healthy_since.has_value());
  world.obey();
  decision = world.step();
  REQUIRE(decision.stops.size() == 1);
  CHECK(decision.stops[0].reason == "Task failed ELB health checks in (target-group arn:tg)");
  CHECK(decision.events ==
        Texts{"(service web) registered 1 targets in (target-group arn:tg)",
              fmt::format("(service web) (task {}) (port 8080) is unhealthy in (target-group "
                          "arn:tg) due to (reason Request timed out).",
                          bad),
              "(service web) has begun draining connections on 1 tasks.",
              "(service web) deregistered 1 targets in (target-group arn:tg)"});
}

TEST_CASE("an unhealthy target counts only after the grace period") {
  ServiceWorld world = balanced(1);
  world.service.health_check_grace_period_seconds = 60;
  world.seen_of_others = State::kUnhealthy;
  world.step();
  world.obey();

  Decision decision = world.step();
  CHECK(decision.starts == 0);
  CHECK(decision.stops.empty());
  REQUIRE(decision.look_again.has_value());
  CHECK(*decision.look_again == world.now + seconds(60));
  world.pass(seconds(60));
  CHECK(world.step().starts == 1);
}

TEST_CASE("tasks whose targets never are healthy trip the breaker and the service goes back") {
  ServiceWorld world = balanced(1);
  world.settle();
  const std::string good = world.primary().id;
  world.seen[world.tasks[0].id] = State::kHealthy;
  world.service.deployment_configuration.breaker = {.enable = true, .rollback = true};
  world.deploy();
  world.seen_of_others = State::kUnhealthy;
  for (int i = 0; i < 300 && world.primary().id != good; ++i) {
    world.step();
    world.obey();
    world.pass(seconds(1));
  }
  CHECK(world.primary().id == good);
  CHECK(world.live(good) == 1);
}

TEST_CASE("a service that is deleted drains its targets") {
  ServiceWorld world = balanced(2);
  world.settle();
  world.service.status = "DRAINING";
  world.step();
  CHECK(draining(world) == 2);
  world.settle();
  CHECK(world.service.status == "INACTIVE");
}

TEST_CASE("a step puts down no more than one transaction takes") {
  ServiceWorld world = balanced(100);
  world.step();
  world.obey();
  Decision decision = world.step();
  CHECK(decision.targets.size() == kMostTargetChanges);
  REQUIRE(decision.look_again.has_value());
  CHECK(*decision.look_again == world.now);

  // Beside many starts and stops there is no room.
  world.deploy();
  world.service.deployment_configuration.minimum_healthy_percent = 0;
  decision = world.step();
  CHECK(decision.stops.size() == kMostStops);
  CHECK(decision.starts >= 40);
  CHECK(decision.targets.empty());
  CHECK(*decision.look_again == world.now);
  world.settle();
  CHECK(world.primary().rollout_state == "COMPLETED");
}

}  // namespace
}  // namespace ikada::service
