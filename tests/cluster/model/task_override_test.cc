#include "cluster/model/task_override.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TaskDefinition make_definition() {
  return *from_json<TaskDefinition>(
      *parse_json(R"({"family":"w","taskRoleArn":"old","containerDefinitions":[{"name":"a",
        "command":["x"],"memory":64,
        "environment":[{"name":"A","value":"1"},{"name":"B","value":"2"}]},
        {"name":"b","memory":32,"cpu":5}]})"),
      "definition");
}

TaskOverride make_override(const char* text) {
  return *from_json<TaskOverride>(*parse_json(text), "overrides");
}

TEST_CASE("environment merges by name, the rest replaces") {
  const TaskOverride overrides = make_override(
      R"({"taskRoleArn":"new","cpu":"256","containerOverrides":[{"name":"a","command":["y","z"],
          "environment":[{"name":"B","value":"3"},{"name":"C","value":"4"}],
          "memory":128,"cpu":7}]})");
  REQUIRE(check_overrides(overrides, make_definition()));

  const TaskDefinition result = apply_overrides(make_definition(), overrides);

  CHECK(result.task_role_arn == "new");
  CHECK(result.cpu == "256");
  const ContainerDefinition& a = result.container_definitions[0];
  CHECK(a.command == std::vector<std::string>{"y", "z"});
  CHECK(a.memory_mib == 128);
  CHECK(a.cpu_units == 7);
  REQUIRE(a.environment.size() == 3);
  CHECK(a.environment[0].value == "1");
  CHECK(a.environment[1].value == "3");
  CHECK(a.environment[2].name == "C");
  CHECK(to_json(result.container_definitions[1]) ==
        to_json(make_definition().container_definitions[1]));
}

TEST_CASE("overrides name containers of the definition, once, and sizes that are some") {
  const TaskDefinition definition = make_definition();
  const auto refusal = [&](const char* text) {
    return check_overrides(make_override(text), definition).error().message;
  };
  CHECK(refusal(R"({"containerOverrides":[{"name":"c"}]})") ==
        "Override for container named c is not a container in the TaskDefinition.");
  CHECK(refusal(R"({"containerOverrides":[{}]})") ==
        "Override for container named null is not a container in the TaskDefinition.");
  CHECK(refusal(R"({"containerOverrides":[{"name":"a"},{"name":"a"}]})") ==
        "Duplicate override for container named a.");
  CHECK(refusal(R"({"containerOverrides":[{"name":"a","memory":0}]})") ==
        "Invalid cpu or memory in the override for container named a.");
  CHECK(refusal(R"({"cpu":"x"})") == "Invalid 'cpu' setting for task.");
  CHECK(refusal(R"({"memory":"x"})") == "Invalid 'memory' setting for task.");
}

}  // namespace
}  // namespace ikada
