#include "cluster/agent/task_metadata.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("a container that has a restart policy is told how often it was started again") {
  const Scope scope{.account = "1", .region = "r"};
  const Result<Json> text = parse_json(
      R"({"family": "web", "containerDefinitions": [{"name": "a", "image": "i"},
          {"name": "b", "image": "i"}]})");
  const auto definition = from_json<TaskDefinition>(text.value(), "definition");
  REQUIRE(definition);
  Task task{.cluster = "c", .id = "t", .family = "web", .revision = 1};
  task.containers = {{.id = "x", .name = "a"}, {.id = "y", .name = "b"}};
  const std::vector<ContainerFacts> containers = {{.name = "a"}, {.name = "b"}};
  const TaskMetadataInputs inputs{.scope = scope,
                                  .task = task,
                                  .definition = *definition,
                                  .containers = containers,
                                  .restarts = {{"a", 2}}};

  CHECK(container_metadata(inputs, "a")["RestartCount"] == 2);
  CHECK_FALSE(container_metadata(inputs, "b").contains("RestartCount"));
  CHECK(task_metadata(inputs, false)["Containers"][0]["RestartCount"] == 2);
}

}  // namespace
}  // namespace ikada
