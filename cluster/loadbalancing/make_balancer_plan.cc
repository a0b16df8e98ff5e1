#include "cluster/loadbalancing/make_balancer_plan.h"

#include <utility>

#include <fmt/core.h>

#include "cluster/loadbalancing/access_log_line.h"
#include "cluster/loadbalancing/group_targets.h"
#include "cluster/model/balancer_arn.h"

namespace ikada {
namespace {

class ScopePlan {
 public:
  ScopePlan(const State& state,
            const ScopeState& scope,
            const BalancerPlanInputs& inputs,
            BalancerPlan& plan)
      : state_(state), scope_(scope), inputs_(inputs), plan_(plan) {}

  void add() {
    for (const auto& [name, listeners] : scope_.listeners) {
      const auto balancer = scope_.balancers.find(name);
      if (balancer == scope_.balancers.end()) continue;
      for (const auto& [id, kept] : listeners) add_listener(balancer->second.value, kept.value);
    }
    add_groups();
  }

 private:
  void add_listener(const LoadBalancer& balancer, const Listener& listener) {
    PlannedListener planned{.name = planned_listener_name(balancer, listener),
                            .address = balancer.address,
                            .port = static_cast<std::uint16_t>(listener.port),
                            .protocol = listener.protocol,
                            .ssl_policy = listener.ssl_policy,
                            .default_actions = planned_actions(listener.default_actions),
                            .rules = listener.rules,
                            .attributes = balancer.attributes,
                            .balancer_arn = balancer_arn(scope_.scope, balancer),
                            .log_group = access_log_group(balancer)};
    for (ListenerRule& rule : planned.rules) rule.actions = planned_actions(rule.actions);
    for (const std::string& arn : listener.certificates) {
      const auto file = inputs_.certificate_files.find(arn);
      if (file != inputs_.certificate_files.end()) {
        planned.certificate_files.push_back(file->second);
      }
    }
    plan_.listeners.push_back(std::move(planned));
  }

  // Groups by their names in the plan. One that is not there gets no requests.
  std::vector<ListenerAction> planned_actions(std::vector<ListenerAction> actions) const {
    for (ListenerAction& action : actions) {
      std::vector<WeightedGroup> groups;
      for (const WeightedGroup& each : action.groups) {
        const auto found = scope_.target_groups.find(each.target_group);
        if (found == scope_.target_groups.end()) continue;
        groups.push_back(
            {.target_group = planned_group_name(found->second.value), .weight = each.weight});
      }
      action.groups = std::move(groups);
    }
    return actions;
  }

  void add_groups() {
    if (scope_.groups_in_use.empty()) return;
    const GroupTargets targets(state_, scope_, inputs_.now);
    for (const auto& [name, count] : scope_.groups_in_use) {
      const auto found = scope_.target_groups.find(name);
      if (found == scope_.target_groups.end()) continue;
      const TargetGroup& group = found->second.value;
      PlannedGroup planned{.name = planned_group_name(group),
                           .protocol = group.protocol,
                           .protocol_version = group.protocol_version,
                           .health_check = group.health_check,
                           .attributes = group.attributes,
                           .arn = target_group_arn(scope_.scope, group)};
      for (const GroupTarget& each : targets.of(group)) {
        if (each.address.empty()) continue;
        planned.targets.push_back({.id = each.planned_id,
                                   .address = each.address,
                                   .port = static_cast<std::uint16_t>(each.port),
                                   .draining = each.is_draining,
                                   .node = each.node,
                                   .tunnel = each.tunnel});
      }
      plan_.groups.push_back(std::move(planned));
    }
  }

  const State& state_;
  const ScopeState& scope_;
  const BalancerPlanInputs& inputs_;
  BalancerPlan& plan_;
};

}  // namespace

std::string planned_listener_name(const LoadBalancer& balancer, const Listener& listener) {
  return fmt::format("{}.{}", balancer.name, listener.id);
}

BalancerPlan make_balancer_plan(const State& state, const BalancerPlanInputs& inputs) {
  BalancerPlan plan;
  for (const auto& [name, scope] : state.scopes()) ScopePlan(state, scope, inputs, plan).add();
  return plan;
}

}  // namespace ikada
