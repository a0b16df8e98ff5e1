#include "cluster/service/image_pins.h"

#include <doctest/doctest.h>

#include "tests/cluster/service/service_world.h"

namespace ikada::service {
namespace {

ServiceWorld make_tagged(std::int32_t count) {
  ServiceWorld world(count);
  world.tagged = {{"app", "web:1"}};
  return world;
}

void find_digest(Task& task, const char* digest) {
  task.containers = {{.name = "app", .image_digest = digest}};
}

TEST_CASE("what the deployment's first task found is its image") {
  ServiceWorld world = make_tagged(2);
  world.step();
  CHECK(world.primary().images.empty());

  find_digest(world.tasks[0], "sha256:1");
  world.step();

  CHECK(world.primary().images ==
        std::vector<ContainerImage>{{.container = "app", .image = "web:1", .digest = "sha256:1"}});
  CHECK(find_revision(world.history, revision_of_deployment(world.primary().id))->images.size() ==
        1);
  find_digest(world.tasks[1], "sha256:2");
  world.step();
  CHECK(world.primary().images.size() == 1);
}

TEST_CASE("a new deployment finds out anew, and an image with a digest needs none") {
  ServiceWorld world = make_tagged(1);
  world.step();
  find_digest(world.tasks[0], "sha256:1");
  world.settle();
  world.deploy();
  CHECK(world.primary().images.empty());
  world.tagged.clear();
  world.step();
  find_digest(world.tasks.back(), "sha256:2");
  world.step();
  CHECK(world.primary().images.empty());
}

TEST_CASE("a task that was started with the first and found another image is replaced") {
  ServiceWorld world = make_tagged(2);
  world.step();
  find_digest(world.tasks[0], "sha256:1");
  find_digest(world.tasks[1], "sha256:2");
  const std::string other = world.tasks[1].id;
  world.step();
  for (int i = 0; i < 200; ++i) {
    for (size_t j = 2; j < world.tasks.size(); ++j) {
      world.tasks[j].containers = {
          {.name = "app", .image_digest = "sha256:1", .pinned_digest = "sha256:1"}};
    }
    world.step();
    world.obey();
    world.pass(std::chrono::seconds(1));
  }
  CHECK(world.tasks.size() == 3);
  CHECK(world.tasks[1].id == other);
  CHECK(world.tasks[1].desired_status == "STOPPED");
  CHECK(world.primary().rollout_state == "COMPLETED");
}

TEST_CASE("a task that was told which image to have is not replaced for having another") {
  ServiceWorld world = make_tagged(1);
  world.step();
  find_digest(world.tasks[0], "sha256:1");
  world.step();
  Deployment deployment = world.primary();
  Task task;
  task.containers = {{.name = "app", .image_digest = "sha256:9", .pinned_digest = "sha256:1"}};
  CHECK_FALSE(has_other_image({.task = &task}, deployment));
  task.containers[0].pinned_digest.reset();
  CHECK(has_other_image({.task = &task}, deployment));
}

}  // namespace
}  // namespace ikada::service
