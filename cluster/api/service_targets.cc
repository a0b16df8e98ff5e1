#include "cluster/api/service_targets.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "cluster/loadbalancing/group_targets.h"
#include "cluster/model/balancer_arn.h"

namespace ikada {
namespace {

using service::operator+;
using service::TargetsView;

// The proxies have the news of a target that is deregistered by then.
constexpr std::chrono::seconds kLeastDrain{1};

// Protocols that a group's targets speak.
bool speaks(const std::string& group, const std::string& protocol) {
  if (group == "TCP_UDP") return true;
  return protocol == (group == "UDP" ? "udp" : "tcp");
}

Result<void> check_port(const TargetGroup& group,
                        const ServiceLoadBalancer& balancer,
                        const TaskDefinition& definition) {
  const ContainerDefinition* container = find_container(definition, balancer.container_name);
  if (container == nullptr) {
    return invalid_parameter("The container {} does not exist in the task definition.",
                             balancer.container_name);
  }
  const auto& ports = container->port_mappings;
  const bool has_port = std::any_of(ports.begin(), ports.end(), [&](const PortMapping& each) {
    return each.container_port == balancer.container_port &&
           speaks(group.protocol, each.protocol.value_or("tcp"));
  });
  if (!has_port) {
    return invalid_parameter("The container {} did not have a container port {} defined.",
                             balancer.container_name,
                             balancer.container_port);
  }
  return {};
}

Result<void> check_group(const ScopeState& scope,
                         const ServiceLoadBalancer& balancer,
                         const TaskDefinition& definition) {
  const Kept<TargetGroup>* found = find_target_group(scope, balancer.target_group_arn);
  if (found == nullptr) {
    return invalid_parameter("The target group with targetGroupArn {} does not exist.",
                             balancer.target_group_arn);
  }
  const TargetGroup* group = &found->value;
  if (!scope.groups_in_use.contains(group->name)) {
    return invalid_parameter(
        "The target group with targetGroupArn {} does not have an associated load balancer.",
        balancer.target_group_arn);
  }
  const std::string mode = network_mode_of(definition);
  if (group->target_type != (mode == "awsvpc" ? "ip" : "instance")) {
    return invalid_parameter(
        "The provided target group {} has target type {}, which is incompatible with the {} "
        "network mode specified in the task definition.",
        balancer.target_group_arn,
        group->target_type,
        mode);
  }
  return check_port(*group, balancer, definition);
}

// When the drain of a task in one of its groups is over, which all connections may have left.
Timestamp drained_at(const TargetGroup& group, bool has_left, Timestamp deregistered_at) {
  const std::chrono::milliseconds delay = deregistration_delay(group);
  const std::chrono::milliseconds least = kLeastDrain;
  return deregistered_at + (has_left ? std::min(delay, least) : delay);
}

void take_sight(TargetsView& view,
                const ServiceLoadBalancer& balancer,
                std::int32_t port,
                const TargetSight* seen,
                bool& are_all_healthy) {
  const bool is_healthy = seen != nullptr && seen->state == TargetState::kHealthy;
  are_all_healthy = are_all_healthy && is_healthy;
  if (seen == nullptr || seen->state != TargetState::kUnhealthy) return;
  const std::string reason = seen->description.empty() ? "Health checks failed" : seen->description;
  view.unhealthy.push_back(
      {.port = port, .target_group_arn = balancer.target_group_arn, .reason = reason});
}

}  // namespace

std::vector<ServiceLoadBalancer> with_arns(const ScopeState& scope,
                                           std::vector<ServiceLoadBalancer> balancers) {
  for (ServiceLoadBalancer& each : balancers) {
    const auto group = scope.target_groups.find(each.target_group_arn);
    if (group == scope.target_groups.end()) continue;
    each.target_group_arn = target_group_arn(scope.scope, group->second.value);
  }
  return balancers;
}

Result<void> check_load_balancers(const ApiCall& call,
                                  const State& state,
                                  const std::vector<ServiceLoadBalancer>& balancers,
                                  const TaskDefinition& definition) {
  if (balancers.empty()) return {};
  if (balancers.size() > kMaxServiceLoadBalancers) {
    return invalid_parameter("load balancers can have at most {} items.", kMaxServiceLoadBalancers);
  }
  const ScopeState& scope = state.scope(call.scope);
  for (const ServiceLoadBalancer& each : balancers) {
    if (each.target_group_arn.empty()) {
      return invalid_parameter(
          "targetGroupArn can not be blank: other load balancers than those "
          "with target groups are not supported.");
    }
    if (each.container_name.empty()) return invalid_parameter("Container name can not be blank.");
    IK_TRY(check_group(scope, each, definition));
  }
  return {};
}

TargetLook::Group& TargetLook::find_group(std::string_view arn) {
  for (Group& each : groups_) {
    if (each.arn == arn) return each;
  }
  Group& added = groups_.emplace_back(Group{.arn = arn});
  const Kept<TargetGroup>* found = find_target_group(scope_, arn);
  if (found == nullptr) return added;
  added.group = &found->value;
  added.is_in_use = scope_.groups_in_use.contains(found->value.name);
  const auto seen = seen_.find(planned_group_name(found->value));
  if (seen == seen_.end()) return added;
  added.seen = &seen->second;
  added.next = seen->second.begin();
  return added;
}

// Tasks come in the order of their ids, and most of a group's targets are one service's.
const TargetSight* TargetLook::find_sight(Group& group, std::string_view target) {
  if (group.seen == nullptr) return nullptr;
  const bool is_next = group.next != group.seen->end() && group.next->first == target;
  const auto found = is_next ? group.next : group.seen->find(target);
  if (found == group.seen->end()) return nullptr;
  group.next = std::next(found);
  return &found->second;
}

TargetsView TargetLook::at(const Task& task) {
  TargetsView view;
  if (!task.targets.has_value()) return view;
  bool are_all_healthy = true;
  const std::optional<Timestamp>& deregistered_at = task.targets->deregistered_at;
  view.drained_at = deregistered_at;
  for (const ServiceLoadBalancer& each : task.targets->load_balancers) {
    if (find_removed(*task.targets, each.target_group_arn) != nullptr) continue;
    Group& found = find_group(each.target_group_arn);
    if (found.group != nullptr && !found.is_in_use) continue;
    view.has_groups = true;
    if (found.group == nullptr) {
      view.missing.push_back(each.target_group_arn);
      are_all_healthy = false;
      continue;
    }
    const std::int32_t port = target_port(*found.group, task, each);
    const std::string id = planned_target_id(task, port);
    const TargetSight* seen = find_sight(found, id);
    take_sight(view, each, port, seen, are_all_healthy);
    if (deregistered_at.has_value()) {
      const bool has_left = seen != nullptr && seen->is_idle;
      view.drained_at =
          std::max(*view.drained_at, drained_at(*found.group, has_left, *deregistered_at));
    }
  }
  if (!view.has_groups) return view;
  if (are_all_healthy) view.state = TargetsView::State::kHealthy;
  if (!view.unhealthy.empty()) view.state = TargetsView::State::kUnhealthy;
  return view;
}

}  // namespace ikada
