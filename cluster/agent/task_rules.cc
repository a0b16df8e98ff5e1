#include "cluster/agent/task_rules.h"

#include <algorithm>
#include <string_view>

#include "cluster/agent/task_error.h"
#include "cluster/agent/task_plan.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::int64_t kMsPerSecond = 1000;

Result<size_t> place_of(const std::vector<ContainerRules>& rules, std::string_view name) {
  for (size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].name == name) return i;
  }
  return cannot_initialize("container {} depends on {}, which the task does not have",
                           rules.empty() ? "" : rules.back().name,
                           name);
}

Result<DependencyCondition> parse_condition(const std::string& word) {
  if (word == "START") return DependencyCondition::kStart;
  if (word == "COMPLETE") return DependencyCondition::kComplete;
  if (word == "SUCCESS") return DependencyCondition::kSuccess;
  if (word == "HEALTHY") return DependencyCondition::kHealthy;
  return cannot_initialize("unknown dependency condition {}", word);
}

std::optional<HealthRule> plan_health(const ContainerDefinition& container) {
  if (!container.health_check.has_value()) return std::nullopt;
  const HealthCheck& check = *container.health_check;
  // "NONE" turns a check off.
  if (check.command.size() < 2) return std::nullopt;
  HealthRule rule;
  rule.interval_ms = check.interval_s.value_or(30) * kMsPerSecond;
  rule.timeout_ms = check.timeout_s.value_or(5) * kMsPerSecond;
  rule.start_period_ms = check.start_period_s.value_or(0) * kMsPerSecond;
  rule.retries = check.retries.value_or(3);
  if (check.command[0] == "CMD-SHELL") rule.command = {"/bin/sh", "-c"};
  rule.command.insert(rule.command.end(), check.command.begin() + 1, check.command.end());
  return rule;
}

std::optional<RestartRule> plan_restart(const ContainerDefinition& container) {
  if (!container.restart_policy.has_value() || !container.restart_policy->enabled) {
    return std::nullopt;
  }
  const ContainerRestartPolicy& policy = *container.restart_policy;
  RestartRule rule;
  rule.attempt_period_ms = policy.restart_attempt_period_s.value_or(300) * kMsPerSecond;
  if (policy.ignored_exit_codes.has_value()) rule.ignored_exit_codes = *policy.ignored_exit_codes;
  return rule;
}

ContainerRules plan_container_rules(const ContainerDefinition& container) {
  ContainerRules rules;
  rules.name = container.name;
  rules.is_essential = container.essential;
  rules.stop_timeout_ms =
      container.stop_timeout_s.value_or(static_cast<std::int32_t>(kDefaultStopTimeoutS)) *
      kMsPerSecond;
  if (container.start_timeout_s.value_or(0) > 0) {
    rules.start_timeout_ms = *container.start_timeout_s * kMsPerSecond;
  }
  rules.health = plan_health(container);
  rules.restart = plan_restart(container);
  return rules;
}

Result<void> add_dependencies(const ContainerDefinition& container,
                              const std::vector<ContainerRules>& all,
                              ContainerRules& rules) {
  const auto add = [&](std::string_view name, DependencyCondition condition) -> Result<void> {
    IK_LET(place, place_of(all, name));
    rules.dependencies.push_back({.container = place, .condition = condition});
    return {};
  };
  if (container.depends_on.has_value()) {
    for (const ContainerDependency& each : *container.depends_on) {
      IK_LET(condition, parse_condition(each.condition));
      IK_TRY(add(each.container_name, condition));
    }
  }
  if (container.links.has_value()) {
    for (const std::string& link : *container.links) {
      IK_TRY(add(cut(link, ':').before, DependencyCondition::kStart));
    }
  }
  for (const VolumeFrom& each : container.volumes_from) {
    IK_TRY(add(each.source_container, DependencyCondition::kStart));
  }
  return {};
}

// Takes away what waits for nothing that is left, until nothing changes.
Result<void> check_circles(const std::vector<ContainerRules>& rules) {
  std::vector<bool> is_free(rules.size(), false);
  for (size_t round = 0; round < rules.size(); ++round) {
    for (size_t i = 0; i < rules.size(); ++i) {
      is_free[i] = std::all_of(rules[i].dependencies.begin(),
                               rules[i].dependencies.end(),
                               [&](const DependencyRule& each) {
                                 return each.container != i && is_free[each.container];
                               });
    }
  }
  for (size_t i = 0; i < rules.size(); ++i) {
    if (!is_free[i]) {
      return cannot_initialize("container {} waits for itself by its dependencies", rules[i].name);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<ContainerRules>> plan_task_rules(const TaskDefinition& definition) {
  std::vector<ContainerRules> rules;
  for (const ContainerDefinition& each : definition.container_definitions) {
    rules.push_back(plan_container_rules(each));
  }
  for (size_t i = 0; i < rules.size(); ++i) {
    IK_TRY(add_dependencies(definition.container_definitions[i], rules, rules[i]));
    for (const DependencyRule& each : rules[i].dependencies) {
      rules[each.container].dependents.push_back(i);
    }
  }
  IK_TRY(check_circles(rules));
  return rules;
}

}  // namespace ikada
