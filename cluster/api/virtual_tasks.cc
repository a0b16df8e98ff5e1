#include "cluster/api/virtual_tasks.h"

#include <set>
#include <string>
#include <utility>

#include "cluster/model/task_stop.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

constexpr std::int32_t kFirstDynamicPort = 32'768;
constexpr std::int32_t kTerminated = 143;

bool has_step(const Task& task) {
  if (task.last_status == TaskStatus::kStopped || is_draining(task)) return false;
  return task.last_status != TaskStatus::kRunning || task.desired_status == "STOPPED";
}

// Host ports that tasks of the instance have bound.
std::set<std::int32_t> bound_ports(const ClusterState& cluster, const std::string& instance) {
  std::set<std::int32_t> ports;
  for (const auto& [id, kept] : cluster.tasks) {
    const Task& task = kept.value;
    if (task.container_instance != instance || task.last_status == TaskStatus::kStopped) continue;
    for (const TaskContainer& container : task.containers) {
      for (const NetworkBinding& binding : container.network_bindings) {
        ports.insert(binding.host_port.value_or(0));
      }
    }
  }
  return ports;
}

std::int32_t next_port(std::set<std::int32_t>& taken) {
  std::int32_t port = kFirstDynamicPort;
  while (taken.count(port) != 0) ++port;
  taken.insert(port);
  return port;
}

void bind_ports(TaskContainer& container,
                const ContainerDefinition& definition,
                std::set<std::int32_t>& taken) {
  for (const PortMapping& port : definition.port_mappings) {
    if (!port.container_port.has_value()) continue;
    const std::int32_t host_port = port.host_port.value_or(0);
    NetworkBinding binding;
    binding.bind_ip = "0.0.0.0";
    binding.container_port = port.container_port;
    binding.host_port = host_port != 0 ? host_port : next_port(taken);
    binding.protocol = port.protocol.value_or("tcp");
    container.network_bindings.push_back(std::move(binding));
  }
}

// An address of 10/8 that follows from the task's id.
std::string address_of(const Task& task) {
  const auto byte = [&](size_t at) {
    const std::string_view digits = std::string_view(task.id).substr(at, 2);
    int value = 0;
    for (const char digit : digits)
      value = value * 16 + (digit <= '9' ? digit - '0' : digit - 'a' + 10);
    return value;
  };
  return fmt::format("10.{}.{}.{}", byte(0), byte(2), byte(4));
}

void attach_interface(Task& task) {
  if (task.attachments.empty()) return;
  Attachment& attachment = task.attachments[0];
  attachment.status = "ATTACHED";
  attachment.details.push_back({.name = "privateIPv4Address", .value = address_of(task)});
  for (TaskContainer& container : task.containers) {
    NetworkInterface interface;
    interface.attachment_id = attachment.id;
    interface.private_ipv4_address = address_of(task);
    container.network_interfaces.push_back(std::move(interface));
  }
}

void run(Task& task, const ClusterState& cluster, const TaskDefinition* definition, Timestamp now) {
  task.last_status = TaskStatus::kRunning;
  task.pull_started_at = now;
  task.pull_stopped_at = now;
  task.started_at = now;
  attach_interface(task);
  std::set<std::int32_t> taken = bound_ports(cluster, *task.container_instance);
  for (TaskContainer& container : task.containers) {
    container.last_status = "RUNNING";
    container.runtime_id = task.id + "-" + container.name;
    const ContainerDefinition* own =
        definition == nullptr ? nullptr : find_container(*definition, container.name);
    if (own == nullptr) continue;
    if (network_mode_of(*definition) != "awsvpc") bind_ports(container, *own, taken);
    if (own->health_check.has_value()) container.health_status = "HEALTHY";
    if (own->health_check.has_value()) task.health_status = "HEALTHY";
  }
}

void stop(Task& task, Timestamp now) {
  const bool had_started = task.started_at.has_value();
  task.last_status = TaskStatus::kStopped;
  task.stopping_at = task.stopping_at.value_or(now);
  if (had_started) task.execution_stopped_at = now;
  task.stopped_at = now;
  for (Attachment& attachment : task.attachments) attachment.status = "DELETED";
  for (TaskContainer& container : task.containers) {
    container.last_status = "STOPPED";
    if (had_started) container.exit_code = kTerminated;
  }
}

Task step(const Task& before,
          const ClusterState& cluster,
          const TaskDefinition* definition,
          Timestamp now) {
  Task task = before;
  if (task.desired_status == "STOPPED") {
    stop(task, now);
  } else if (task.last_status == TaskStatus::kProvisioning) {
    task.last_status = TaskStatus::kPending;
  } else {
    run(task, cluster, definition, now);
  }
  ++task.version;
  return task;
}

bool is_virtual(const ClusterState& cluster, const Task& task) {
  if (!task.container_instance.has_value()) return false;
  const auto found = cluster.instances.find(*task.container_instance);
  return found != cluster.instances.end() && found->second.record.value.is_virtual;
}

}  // namespace

Proposal plan_virtual_steps(const State& state, Timestamp now) {
  Proposal proposal;
  for (const auto& [name, scope] : state.scopes()) {
    for (const auto& [cluster_name, cluster] : scope.clusters) {
      // Ports that were given in this round are not in the state yet: one task of an instance each.
      std::set<std::string> seen;
      for (const auto& [id, kept] : cluster.tasks) {
        if (!has_step(kept.value) || !is_virtual(cluster, kept.value)) continue;
        if (!seen.insert(*kept.value.container_instance).second) continue;
        if (proposal.changes.size() >= kMaxChanges) return proposal;
        const Kept<TaskDefinition>* definition =
            scope.find_definition({.family = kept.value.family, .revision = kept.value.revision});
        proposal.put(
            task_key(scope.scope, cluster_name, id),
            step(kept.value, cluster, definition == nullptr ? nullptr : &definition->value, now),
            kept.revision);
      }
    }
  }
  return proposal;
}

}  // namespace ikada
