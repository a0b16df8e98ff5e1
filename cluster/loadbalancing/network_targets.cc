#include "cluster/loadbalancing/network_targets.h"

#include <algorithm>
#include <utility>

#include "cluster/loadbalancing/group_config.h"

namespace ikada {
namespace {

const PlannedGroup* group_named(const BalancerPlan& plan, const std::string& name) {
  const auto found = std::ranges::find_if(
      plan.groups, [&](const PlannedGroup& group) { return group.name == name; });
  return found == plan.groups.end() ? nullptr : &*found;
}

const PlannedGroup* group_of(const BalancerPlan& plan, const PlannedListener& listener) {
  if (listener.default_actions.empty()) return nullptr;
  const ListenerAction& action = listener.default_actions.front();
  return action.groups.empty() ? nullptr : group_named(plan, action.groups.front().target_group);
}

bool has_state(const TargetObservations& seen,
               const PlannedGroup& group,
               const PlannedTarget& target,
               TargetState state) {
  const auto targets = seen.find(group.name);
  if (targets == seen.end()) return false;
  const auto found = targets->second.find(target.id);
  return found != targets->second.end() && found->second.state == state;
}

std::vector<PlannedTarget> open_targets(const PlannedGroup& group, const TargetObservations& seen) {
  std::vector<PlannedTarget> healthy;
  std::vector<PlannedTarget> all;
  for (const PlannedTarget& target : group.targets) {
    if (target.draining) continue;
    all.push_back(target);
    if (has_state(seen, group, target, TargetState::kHealthy)) healthy.push_back(target);
  }
  return healthy.empty() ? all : healthy;
}

bool is_set(const PlannedGroup& group, const char* attribute, bool otherwise) {
  const std::string value = attribute_text(group.attributes, attribute);
  return value.empty() ? otherwise : value == "true";
}

// Those whose connections have to end, because others are healthy.
std::vector<PlannedTarget> failed_targets(const PlannedGroup& group,
                                          const TargetObservations& seen) {
  std::vector<PlannedTarget> failed;
  const bool ends =
      is_set(group, "target_health_state.unhealthy.connection_termination.enabled", true);
  bool has_healthy = false;
  for (const PlannedTarget& target : group.targets) {
    if (target.draining) continue;
    has_healthy = has_healthy || has_state(seen, group, target, TargetState::kHealthy);
    if (has_state(seen, group, target, TargetState::kUnhealthy)) failed.push_back(target);
  }
  return ends && has_healthy ? failed : std::vector<PlannedTarget>();
}

std::vector<PlannedTarget> kept_targets(const PlannedGroup& group, const TargetObservations& seen) {
  std::vector<PlannedTarget> kept = group.targets;
  for (const PlannedTarget& failed : failed_targets(group, seen)) std::erase(kept, failed);
  return kept;
}

// Datagrams would go to a target that is gone for as long as their client sends any.
bool ends_drained(const PlannedGroup& group) {
  return is_set(
      group, "deregistration_delay.connection_termination.enabled", group.protocol != "TCP");
}

void end(std::vector<EndedTarget>& ended, const PlannedGroup& group, const PlannedTarget& target) {
  for (const bool is_udp : {false, true}) {
    const bool speaks_it = group.protocol == "TCP_UDP" || (group.protocol == "UDP") == is_udp;
    if (speaks_it) ended.push_back({.target = target, .is_udp = is_udp});
  }
}

bool has_target(const PlannedGroup& group, const PlannedTarget& target) {
  return std::ranges::any_of(group.targets,
                             [&](const PlannedTarget& each) { return each.id == target.id; });
}

}  // namespace

std::vector<NetworkListener> find_network_targets(const BalancerPlan& plan,
                                                  const TargetObservations& seen) {
  std::vector<NetworkListener> listeners;
  for (const PlannedListener& listener : plan.listeners) {
    if (!is_network_protocol(listener.protocol)) continue;
    const PlannedGroup* group = group_of(plan, listener);
    if (group == nullptr) continue;
    for (const bool is_udp : {false, true}) {
      const bool speaks_it =
          listener.protocol == "TCP_UDP" || (listener.protocol == "UDP") == is_udp;
      if (!speaks_it) continue;
      listeners.push_back({.name = listener.name + (is_udp ? "/udp" : "/tcp"),
                           .address = listener.address,
                           .port = listener.port,
                           .is_udp = is_udp,
                           .is_by_source = is_set(*group, "stickiness.enabled", false),
                           .hides_clients = !is_set(*group, "preserve_client_ip.enabled", true),
                           .targets = open_targets(*group, seen),
                           .kept = kept_targets(*group, seen),
                           .keeps_drained = !ends_drained(*group)});
    }
  }
  return listeners;
}

std::vector<EndedTarget> find_ended_targets(const BalancerPlan& before,
                                            const BalancerPlan& after,
                                            const TargetObservations& seen) {
  std::vector<EndedTarget> ended;
  for (const PlannedGroup& old : before.groups) {
    const PlannedGroup* now = group_named(after, old.name);
    if (now == nullptr || !is_network_protocol(old.protocol)) continue;
    for (const PlannedTarget& target : old.targets) {
      if (has_target(*now, target)) continue;
      if (ends_drained(old) || !target.draining) end(ended, old, target);
    }
  }
  for (const PlannedGroup& group : after.groups) {
    if (!is_network_protocol(group.protocol)) continue;
    for (const PlannedTarget& target : failed_targets(group, seen)) end(ended, group, target);
  }
  return ended;
}

std::vector<DrainingTarget> find_draining_targets(const BalancerPlan& plan) {
  std::vector<DrainingTarget> draining;
  for (const PlannedGroup& group : plan.groups) {
    if (!is_network_protocol(group.protocol)) continue;
    for (const PlannedTarget& target : group.targets) {
      if (target.draining) draining.push_back({.group = group.name, .target = target});
    }
  }
  return draining;
}

}  // namespace ikada
