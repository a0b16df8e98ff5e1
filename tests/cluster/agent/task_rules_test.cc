#include "cluster/agent/task_rules.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TaskDefinition make_definition(const char* containers) {
  const auto json = parse_json(fmt::format(R"({{"containerDefinitions": {}}})", containers));
  REQUIRE(json.has_value());
  auto definition = from_json<TaskDefinition>(*json, "definition");
  REQUIRE(definition.has_value());
  return *definition;
}

}  // namespace

TEST_CASE("links and volumesFrom are dependencies, known from both sides") {
  const auto rules = plan_task_rules(make_definition(R"([
      {"name": "web", "image": "i", "links": ["db:database"],
       "volumesFrom": [{"sourceContainer": "data"}],
       "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]},
      {"name": "db", "image": "i"}, {"name": "data", "image": "i"},
      {"name": "init", "image": "i"}])"));

  REQUIRE(rules.has_value());
  const auto& web = (*rules)[0].dependencies;
  REQUIRE(web.size() == 3);
  CHECK(web[0].container == 3);
  CHECK(web[0].condition == DependencyCondition::kSuccess);
  CHECK(web[1].container == 1);
  CHECK(web[1].condition == DependencyCondition::kStart);
  CHECK(web[2].container == 2);
  CHECK((*rules)[1].dependents == std::vector<size_t>{0});
}

TEST_CASE("times have ECS's defaults and are kept in milliseconds") {
  const auto rules = plan_task_rules(make_definition(R"([
      {"name": "a", "image": "i", "healthCheck": {"command": ["CMD-SHELL", "true"]},
       "restartPolicy": {"enabled": true}},
      {"name": "b", "image": "i", "stopTimeout": 7, "startTimeout": 9, "essential": false,
       "healthCheck": {"command": ["CMD", "/probe", "-q"], "interval": 5, "timeout": 2,
                       "retries": 1, "startPeriod": 20},
       "restartPolicy": {"enabled": true, "ignoredExitCodes": [3],
                          "restartAttemptPeriod": 60}}])"));

  REQUIRE(rules.has_value());
  const ContainerRules& a = (*rules)[0];
  CHECK(a.is_essential);
  CHECK(a.stop_timeout_ms == 30'000);
  CHECK_FALSE(a.start_timeout_ms.has_value());
  REQUIRE(a.health.has_value());
  CHECK(a.health->command == std::vector<std::string>{"/bin/sh", "-c", "true"});
  CHECK(a.health->interval_ms == 30'000);
  CHECK(a.health->timeout_ms == 5'000);
  CHECK(a.health->retries == 3);
  REQUIRE(a.restart.has_value());
  CHECK(a.restart->attempt_period_ms == 300'000);
  const ContainerRules& b = (*rules)[1];
  CHECK_FALSE(b.is_essential);
  CHECK(b.stop_timeout_ms == 7'000);
  CHECK(b.start_timeout_ms == 9'000);
  CHECK(b.health->command == std::vector<std::string>{"/probe", "-q"});
  CHECK(b.health->start_period_ms == 20'000);
  CHECK(b.restart->ignored_exit_codes == std::vector<std::int32_t>{3});
}

TEST_CASE("containers that wait for each other are refused by name") {
  const auto rules = plan_task_rules(make_definition(R"([
      {"name": "a", "image": "i", "dependsOn": [{"containerName": "b", "condition": "START"}]},
      {"name": "b", "image": "i", "volumesFrom": [{"sourceContainer": "a"}]}])"));

  REQUIRE_FALSE(rules.has_value());
  CHECK(rules.error().message == "container a waits for itself by its dependencies");
}

TEST_CASE("a dependency that does not exist is refused") {
  const auto rules = plan_task_rules(make_definition(R"([
      {"name": "a", "image": "i", "dependsOn": [{"containerName": "x", "condition": "START"}]}])"));

  REQUIRE_FALSE(rules.has_value());
  CHECK(rules.error().code == "ResourceInitializationError");
}

}  // namespace ikada
