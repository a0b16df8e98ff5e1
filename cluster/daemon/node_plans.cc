#include "cluster/daemon/node_plans.h"

#include <utility>

#include "cluster/model/task_stop.h"
#include "cluster/state/record_key.h"

namespace ikada {

bool may_report(const State& state, const TaskReport& report, const std::string& instance) {
  const ScopeState& scope = state.scope(report.scope);
  const auto cluster = scope.clusters.find(report.task.cluster);
  if (cluster == scope.clusters.end()) return true;  // There is nothing that it could change.
  const auto task = cluster->second.tasks.find(report.task.id);
  return task == cluster->second.tasks.end() || task->second.value.container_instance == instance;
}

std::optional<Proposal> plan_connected(const ScopeState& scope,
                                       const std::string& node,
                                       bool is_connected) {
  const auto record = scope.nodes.find(node);
  if (record == scope.nodes.end() || !record->second.value.instance.has_value()) {
    return std::nullopt;
  }
  const std::string& name = record->second.value.cluster.value_or("");
  const auto cluster = scope.clusters.find(name);
  if (cluster == scope.clusters.end()) return std::nullopt;
  const auto instance = cluster->second.instances.find(*record->second.value.instance);
  if (instance == cluster->second.instances.end()) return std::nullopt;
  const Kept<ContainerInstance>& kept = instance->second.record;
  if (kept.revision == 0 || kept.value.agent_connected == is_connected) return std::nullopt;
  ContainerInstance changed = kept.value;
  changed.agent_connected = is_connected;
  ++changed.version;
  Proposal proposal;
  proposal.put(instance_key(scope.scope, name, changed.id), changed, kept.revision);
  return proposal;
}

std::string claimed_instance(const ScopeState& scope,
                             const std::string& node,
                             const std::string& cluster) {
  const auto record = scope.nodes.find(node);
  if (record == scope.nodes.end() || record->second.value.cluster != cluster) return node;
  return record->second.value.instance.value_or(node);
}

Result<Proposal> plan_instance_claim(const ScopeState& scope,
                                     const std::string& node,
                                     const std::string& cluster) {
  const auto record = scope.nodes.find(node);
  if (record == scope.nodes.end()) return make_error(ErrorKind::kNotFound, "no such node");
  Proposal proposal;
  Node claimed = record->second.value;
  if (claimed.cluster == cluster && claimed.instance.has_value()) return proposal;
  const auto old = scope.clusters.find(claimed.cluster.value_or(""));
  if (old != scope.clusters.end()) {
    const auto instance = old->second.instances.find(claimed.instance.value_or(""));
    const bool is_there = instance != old->second.instances.end();
    if (is_there && instance->second.tasks > 0) {
      return make_error(ErrorKind::kConflict,
                        "tasks of the cluster {} run here: it cannot be changed now",
                        *claimed.cluster);
    }
    if (is_there && instance->second.record.revision != 0) {
      proposal.remove(instance_key(scope.scope, *claimed.cluster, *claimed.instance),
                      instance->second.record.revision);
    }
  }
  claimed.cluster = cluster;
  claimed.instance = node;
  proposal.put(node_key(scope.scope, node), claimed, record->second.revision);
  return proposal;
}

LeavePlan plan_leave(const ScopeState& scope,
                     const std::string& node,
                     bool stops_tasks,
                     Timestamp now) {
  LeavePlan plan;
  const auto record = scope.nodes.find(node);
  if (record == scope.nodes.end()) return plan;
  const std::string name = record->second.value.cluster.value_or("");
  const std::string id = record->second.value.instance.value_or("");
  const auto cluster = scope.clusters.find(name);
  const bool is_known = cluster != scope.clusters.end() && cluster->second.instances.count(id) > 0;
  const InstanceState* instance = is_known ? &cluster->second.instances.find(id)->second : nullptr;
  const bool has_record = instance != nullptr && instance->record.revision != 0;
  plan.tasks = instance == nullptr ? 0 : instance->tasks;
  if (plan.tasks == 0) {
    plan.proposal.remove(node_key(scope.scope, node), record->second.revision);
    if (has_record) {
      plan.proposal.remove(instance_key(scope.scope, name, id), instance->record.revision);
    }
    return plan;
  }
  if (has_record && instance->record.value.status != "DRAINING") {
    ContainerInstance draining = instance->record.value;
    draining.status = "DRAINING";
    ++draining.version;
    plan.proposal.put(instance_key(scope.scope, name, id), draining, instance->record.revision);
  }
  if (!stops_tasks) return plan;
  for (const auto& [task_id, task] : cluster->second.tasks) {
    if (task.value.container_instance != id || task.value.last_status == TaskStatus::kStopped) {
      continue;
    }
    if (plan.proposal.changes.size() >= kMaxChanges) break;
    Task stopping = task.value;
    const std::string reason = fmt::format("Host EC2 (instance {}) terminated.", id);
    if (!ask_to_stop(stopping, "TerminationNotice", reason, StopOrder::kDrainFirst, now)) continue;
    plan.proposal.put(task_key(scope.scope, name, task_id), stopping, task.revision);
  }
  return plan;
}

}  // namespace ikada
