// Plans for tests.
#pragma once

#include "cluster/loadbalancing/balancer_plan.h"

namespace ikada {

inline ListenerAction make_forward(std::vector<WeightedGroup> groups) {
  ListenerAction action;
  action.type = "forward";
  action.groups = std::move(groups);
  return action;
}

inline ListenerRule make_rule(int priority,
                              std::vector<RuleCondition> conditions,
                              ListenerAction action) {
  ListenerRule rule;
  rule.priority = priority;
  rule.conditions = std::move(conditions);
  rule.actions = {std::move(action)};
  return rule;
}

inline PlannedGroup make_group(const std::string& name, std::vector<PlannedTarget> targets = {}) {
  PlannedGroup group;
  group.name = name;
  group.targets = std::move(targets);
  return group;
}

// A listener on port 80 that forwards to "web", which has two targets.
inline BalancerPlan make_plan() {
  BalancerPlan plan;
  PlannedListener listener;
  listener.name = "web:80";
  listener.port = 80;
  listener.default_actions = {make_forward({{.target_group = "web"}})};
  plan.listeners = {listener};
  plan.groups = {make_group("web",
                            {{.id = "one", .address = "10.0.0.1", .port = 8080},
                             {.id = "two", .address = "10.0.0.2", .port = 8080}})};
  return plan;
}

}  // namespace ikada
