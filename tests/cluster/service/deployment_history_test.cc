#include "cluster/service/deployment_history.h"

#include <doctest/doctest.h>

#include "tests/cluster/service/service_world.h"

namespace ikada::service {
namespace {

std::vector<std::string> statuses(const ServiceWorld& world) {
  std::vector<std::string> all;
  for (const ServiceDeployment& each : world.history.deployments) all.push_back(each.status);
  return all;
}

using Texts = std::vector<std::string>;

TEST_CASE("a deployment is PENDING, IN_PROGRESS and SUCCESSFUL, and keeps its revision") {
  ServiceWorld world(2);
  world.step();
  CHECK(statuses(world) == Texts{"PENDING"});
  world.step();
  CHECK(statuses(world) == Texts{"IN_PROGRESS"});
  CHECK(world.history.deployments[0].started_at == world.now);

  world.settle();

  const ServiceDeployment& done = world.history.deployments[0];
  CHECK(done.status == "SUCCESSFUL");
  CHECK(done.finished_at > done.started_at);
  CHECK(done.requested == 2);
  CHECK(done.breaker->status == "DISABLED");
  REQUIRE(find_revision(world.history, done.id) != nullptr);
  CHECK(find_revision(world.history, done.id)->revision == world.primary().revision);
}

TEST_CASE("a second deployment names the first as its source") {
  ServiceWorld world(2);
  world.settle();
  world.deploy();
  world.settle();
  CHECK(statuses(world) == Texts{"SUCCESSFUL", "SUCCESSFUL"});
  REQUIRE(world.history.deployments[0].sources.size() == 1);
  CHECK(world.history.deployments[0].sources[0].revision == world.history.deployments[1].id);
}

TEST_CASE("one whose place a newer one takes is STOPPED") {
  ServiceWorld world(2);
  world.settle();
  world.deploy();
  world.step();
  world.deploy();
  world.settle();
  CHECK(statuses(world) == Texts{"SUCCESSFUL", "STOPPED", "SUCCESSFUL"});
  CHECK(world.history.deployments[1].status_reason.starts_with("A newer deployment"));
}

TEST_CASE("what the breaker rolls back tells where it went") {
  ServiceWorld world(2);
  world.service.deployment_configuration.breaker = {.enable = true, .rollback = true};
  world.settle();
  const std::string good = revision_of_deployment(world.primary().id);
  world.deploy();
  const std::string bad = revision_of_deployment(world.primary().id);
  world.can_start = false;
  while (revision_of_deployment(world.primary().id) == bad) {
    world.step();
    world.obey();
    world.pass(std::chrono::seconds(1));
  }
  CHECK(world.history.deployments[0].status == "ROLLBACK_IN_PROGRESS");
  CHECK(world.history.deployments[0].rollback->revision == good);
  CHECK(world.history.deployments[0].breaker->status == "TRIGGERED");
  CHECK(world.history.deployments[0].breaker->threshold == 3);
  // Two at a time.
  CHECK(world.history.deployments[0].breaker->failure_count == 4);
  world.can_start = true;

  world.settle();

  CHECK(statuses(world) == Texts{"ROLLBACK_SUCCESSFUL", "SUCCESSFUL"});
  CHECK(world.history.deployments[0].id == bad);
}

TEST_CASE("a deployment that is to stop goes back, or stays where it is") {
  ServiceWorld world(2);
  world.settle();
  const std::string good = world.primary().id;
  world.deploy();
  world.step();
  primary_of(world.service)->stop_requested = "ROLLBACK";
  const auto asked =
      follow_history(world.history, world.service, {.service = &world.service, .now = world.now});
  REQUIRE(asked.has_value());
  CHECK(asked->deployments[0].status == "ROLLBACK_REQUESTED");
  world.settle();
  CHECK(statuses(world) == Texts{"ROLLBACK_SUCCESSFUL", "SUCCESSFUL"});
  CHECK(world.primary().id == good);

  world.deploy();
  const std::string aborted = world.primary().id;
  world.step();
  primary_of(world.service)->stop_requested = "ABORT";
  world.settle();
  CHECK(statuses(world)[0] == "STOPPED");
  CHECK(world.primary().id == aborted);
  CHECK(world.primary().rollout_state == "FAILED");
}

TEST_CASE("without anything to go back to a deployment only stops") {
  ServiceWorld world(2);
  world.step();
  primary_of(world.service)->stop_requested = "ROLLBACK";
  world.settle();
  CHECK(statuses(world) == Texts{"STOPPED"});
}

TEST_CASE("a deleted service's deployment is STOPPED") {
  ServiceWorld world(1);
  world.step();
  world.service.status = "DRAINING";
  world.step();
  CHECK(statuses(world) == Texts{"STOPPED"});
}

TEST_CASE("the history is bounded and keeps the last that was SUCCESSFUL") {
  ServiceWorld world(1);
  world.settle();
  const std::string good = world.history.deployments[0].id;
  for (size_t i = 0; i < kMaxServiceDeployments + 5; ++i) {
    world.deploy();
    world.step();
    world.obey();
  }
  REQUIRE(world.history.deployments.size() == kMaxServiceDeployments + 1);
  CHECK(world.history.deployments.back().id == good);
  CHECK(find_revision(world.history, good) != nullptr);
  CHECK(world.history.revisions.size() <= kMaxServiceDeployments + 2);
}

}  // namespace
}  // namespace ikada::service
