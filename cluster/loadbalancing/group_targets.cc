#include "cluster/loadbalancing/group_targets.h"

#include <algorithm>

#include <fmt/core.h>

#include "cluster/model/balancer_arn.h"
#include "cluster/model/task_stop.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::uint64_t kMaxDelaySeconds = 3600;
constexpr std::chrono::seconds kDefaultDelay{300};

const TaskContainer* find_container(const Task& task, const std::string& name) {
  const auto found = std::find_if(task.containers.begin(),
                                  task.containers.end(),
                                  [&](const auto& each) { return each.name == name; });
  return found == task.containers.end() ? nullptr : &*found;
}

bool takes_addresses(const TargetGroup& group) { return group.target_type == "ip"; }

std::string own_address(const Task& task, const std::string& container) {
  const TaskContainer* found = find_container(task, container);
  if (found == nullptr || found->network_interfaces.empty()) return "";
  return found->network_interfaces.front().private_ipv4_address.value_or("");
}

// The first address of a host's subnet, "10.120.3.0/24", is the host's own.
std::string gateway_of(const std::string& subnet) {
  constexpr std::string_view kNetwork = ".0";
  const std::string_view network = cut(subnet, '/').before;
  if (!network.ends_with(kNetwork)) return "";
  return std::string(network.substr(0, network.size() - kNetwork.size())) + ".1";
}

// When the task was deregistered from the group, by its service or by somebody.
std::optional<Timestamp> left_at(const Task& task, std::string_view group_arn) {
  if (const RemovedTarget* removed = find_removed(*task.targets, group_arn)) {
    return removed->removed_at;
  }
  return is_draining(task) ? task.targets->deregistered_at : std::nullopt;
}

}  // namespace

const Kept<TargetGroup>* find_target_group(const ScopeState& scope, std::string_view arn) {
  const std::string_view name = cut(cut(arn, '/').after, '/').before;
  const auto found = scope.target_groups.find(name);
  if (found == scope.target_groups.end()) return nullptr;
  return target_group_arn(scope.scope, found->second.value) == arn ? &found->second : nullptr;
}

std::chrono::seconds deregistration_delay(const TargetGroup& group) {
  const auto found = group.attributes.find("deregistration_delay.timeout_seconds");
  if (found == group.attributes.end()) return kDefaultDelay;
  const auto seconds = parse_unsigned(found->second, kMaxDelaySeconds);
  return seconds.has_value() ? std::chrono::seconds(*seconds) : kDefaultDelay;
}

bool is_in_delay(const TargetGroup& group, Timestamp since, Timestamp now) {
  const std::chrono::milliseconds delay = deregistration_delay(group);
  return now.milliseconds < since.milliseconds + delay.count();
}

std::string planned_group_name(const TargetGroup& group) {
  return fmt::format("{}.{}", group.name, group.id);
}

std::int32_t target_port(const TargetGroup& group,
                         const Task& task,
                         const ServiceLoadBalancer& place) {
  const TaskContainer* container = find_container(task, place.container_name);
  if (container == nullptr) return 0;
  // In network mode host nothing is bound: the container's ports are the host's.
  if (takes_addresses(group) || container->network_bindings.empty()) return place.container_port;
  // Of TCP_UDP both are to be published at one port.
  const char* protocol = group.protocol == "UDP" ? "udp" : "tcp";
  for (const NetworkBinding& each : container->network_bindings) {
    const bool is_it = each.container_port == place.container_port &&
                       each.protocol.value_or("tcp") == protocol && each.host_port.has_value();
    if (is_it) return *each.host_port;
  }
  return 0;
}

std::string planned_target_id(const Task& task, std::int32_t port) {
  constexpr size_t kLongestPort = 5;
  std::string id;
  id.reserve(task.id.size() + 1 + kLongestPort);
  id.append(task.id).append(":").append(std::to_string(port));
  return id;
}

GroupTargets::GroupTargets(const State& state, const ScopeState& scope, Timestamp now)
    : scope_(scope), now_(now) {
  for (const auto& [name, each] : state.scopes()) {
    for (const auto& [id, node] : each.nodes) {
      if (!node.value.instance.has_value() || node.value.address.empty()) continue;
      places_.insert_or_assign(*node.value.instance,
                               Place{.address = node.value.address,
                                     .node = id,
                                     .tunnel = gateway_of(node.value.subnet.value_or(""))});
    }
  }
  for (const auto& [name, cluster] : scope.clusters) {
    for (const auto& [id, instance] : cluster.instances) {
      const auto& ec2_id = instance.record.value.ec2_instance_id;
      if (ec2_id.has_value()) ec2_.insert_or_assign(*ec2_id, id);
    }
    for (const auto& [id, kept] : cluster.tasks) {
      const Task& task = kept.value;
      if (!is_target(task) && !is_draining(task)) continue;
      for (const ServiceLoadBalancer& place : task.targets->load_balancers) {
        tasks_[place.target_group_arn].push_back({.task = &task, .place = &place});
      }
    }
  }
}

void GroupTargets::put_at(GroupTarget& target, const std::string& instance) const {
  const auto found = places_.find(instance);
  const Place place = found == places_.end() ? Place{} : found->second;
  target.address = place.address;
  target.node = place.node;
  target.tunnel = place.tunnel;
}

GroupTarget GroupTargets::of_task(const TargetGroup& group, const OfTask& one) const {
  const Task& task = *one.task;
  const std::string instance = task.container_instance.value_or("");
  GroupTarget target;
  target.port = target_port(group, task, *one.place);
  target.planned_id = planned_target_id(task, target.port);
  target.zone = task.availability_zone.value_or("");
  target.task = &task;
  if (const auto since = left_at(task, one.place->target_group_arn)) {
    target.is_draining = is_in_delay(group, *since, now_);
    target.is_gone = !target.is_draining;
  }
  if (takes_addresses(group)) {
    target.address = own_address(task, one.place->container_name);
    target.id = target.address;
    return target;
  }
  put_at(target, instance);
  target.id = instance;
  const auto cluster = scope_.clusters.find(task.cluster);
  const auto found = cluster->second.instances.find(instance);
  if (found != cluster->second.instances.end()) {
    target.id = found->second.record.value.ec2_instance_id.value_or(instance);
  }
  return target;
}

GroupTarget GroupTargets::of_registered(const TargetGroup& group,
                                        const RegisteredTarget& registered) const {
  GroupTarget target{.planned_id = fmt::format("{}:{}", registered.id, registered.port),
                     .id = registered.id,
                     .port = registered.port,
                     .is_draining = registered.draining_since.has_value()};
  if (takes_addresses(group)) {
    target.address = registered.id;
    return target;
  }
  const auto ec2 = ec2_.find(registered.id);
  put_at(target, ec2 == ec2_.end() ? registered.id : ec2->second);
  return target;
}

std::vector<GroupTarget> GroupTargets::of_tasks(const TargetGroup& group) const {
  std::vector<GroupTarget> all;
  const auto tasks = tasks_.find(target_group_arn(scope_.scope, group));
  if (tasks == tasks_.end()) return all;
  for (const OfTask& each : tasks->second) {
    GroupTarget target = of_task(group, each);
    if (target.port != 0) all.push_back(std::move(target));
  }
  return all;
}

std::vector<GroupTarget> GroupTargets::of(const TargetGroup& group) const {
  std::vector<GroupTarget> all;
  for (const RegisteredTarget& each : group.targets) {
    const bool is_over =
        each.draining_since.has_value() && !is_in_delay(group, *each.draining_since, now_);
    if (!is_over) all.push_back(of_registered(group, each));
  }
  for (GroupTarget& each : of_tasks(group)) {
    if (!each.is_gone) all.push_back(std::move(each));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.planned_id < b.planned_id;
  });
  // One that a service has twice, by two entries of one port, is one target.
  const auto end = std::unique(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.planned_id == b.planned_id;
  });
  all.erase(end, all.end());
  return all;
}

}  // namespace ikada
