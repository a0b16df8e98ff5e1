// What a task definition asks of the order and the life of its containers, as numbers. Pure.
//
// Source: Amazon ECS API Reference, ContainerDependency, HealthCheck, ContainerRestartPolicy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/model/task_definition.h"

namespace ikada {

enum class DependencyCondition { kStart, kComplete, kSuccess, kHealthy };

struct DependencyRule {
  size_t container = 0;  // Its place in the task definition.
  DependencyCondition condition = DependencyCondition::kStart;
};

struct HealthRule {
  std::int64_t interval_ms = 30'000;
  std::int64_t timeout_ms = 5'000;
  std::int64_t start_period_ms = 0;
  std::int32_t retries = 3;
  std::vector<std::string> command = {};  // What is executed.
};

struct RestartRule {
  std::int64_t attempt_period_ms = 300'000;
  std::vector<std::int32_t> ignored_exit_codes = {};
};

struct ContainerRules {
  std::string name = {};
  bool is_essential = true;
  std::vector<DependencyRule> dependencies = {};  // dependsOn, links and volumesFrom.
  std::vector<size_t> dependents = {};            // The same the other way round.
  std::optional<std::int64_t> start_timeout_ms = {};
  std::int64_t stop_timeout_ms = 30'000;
  std::optional<HealthRule> health = {};
  std::optional<RestartRule> restart = {};
};

// In the order of the definition. kInvalid for a dependency that does not exist and for a circle,
// which would wait for ever.
Result<std::vector<ContainerRules>> plan_task_rules(const TaskDefinition& definition);

}  // namespace ikada
