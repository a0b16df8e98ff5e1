#include "cluster/api/expiry.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/service/failures.h"

namespace ikada {
namespace {

constexpr std::int64_t kTaskLifeMs = std::int64_t{3600} * 1000;
constexpr std::int64_t kTokenLifeMs = std::int64_t{24} * 3600 * 1000;

bool is_over(const Task& task, Timestamp now) {
  return task.last_status == TaskStatus::kStopped && task.stopped_at.has_value() &&
         now.milliseconds - task.stopped_at->milliseconds > kTaskLifeMs;
}

// Of a deployment under way, what stopped last counts for its failures, however long ago that was.
void add_counted(const ServiceState& service, std::set<std::string_view>& ids) {
  const Deployment* primary = primary_of(service.record.value);
  if (primary == nullptr || primary->rollout_state != "IN_PROGRESS") return;
  std::vector<const Task*> stopped;
  for (const TaskOfService& each : service.tasks) {
    const Task& task = each.kept->value;
    if (task.last_status == TaskStatus::kStopped && task.started_by == primary->id) {
      stopped.push_back(&task);
    }
  }
  const size_t count = std::min(stopped.size(), service::most_counted(service.record.value));
  std::ranges::partial_sort(stopped, stopped.begin() + count, std::greater<>(), [](const Task* of) {
    return of->stopped_at.value_or(Timestamp{});
  });
  for (size_t i = 0; i < count; ++i) ids.insert(stopped[i]->id);
}

void expire_tasks(const ScopeState& scope,
                  const std::string& cluster_name,
                  const ClusterState& cluster,
                  Timestamp now,
                  Proposal& proposal) {
  std::set<std::string_view> counted;
  for (const auto& [name, service] : cluster.services) add_counted(service, counted);
  for (const auto& [id, kept] : cluster.tasks) {
    if (proposal.changes.size() >= kMaxChanges) return;
    if (!is_over(kept.value, now) || counted.count(id) != 0) continue;
    proposal.remove(task_key(scope.scope, cluster_name, id), kept.revision);
  }
}

// INACTIVE services, with what was told of them.
void expire_services(const ScopeState& scope,
                     const std::string& cluster_name,
                     const ClusterState& cluster,
                     Timestamp now,
                     Proposal& proposal) {
  for (const auto& [name, service] : cluster.services) {
    const std::optional<Timestamp>& at = service.record.value.inactive_at;
    if (!at.has_value() || now.milliseconds - at->milliseconds <= kTaskLifeMs) continue;
    if (proposal.changes.size() + 3 > kMaxChanges) return;
    proposal.remove(service_key(scope.scope, cluster_name, name), service.record.revision);
    if (service.events.revision != 0) {
      proposal.remove(service_events_key(scope.scope, cluster_name, name), service.events.revision);
    }
    if (service.history.revision != 0) {
      proposal.remove(service_history_key(scope.scope, cluster_name, name),
                      service.history.revision);
    }
  }
}

// Those that a task still names have a place in the state, without a record.
bool has_gone_instances(const ClusterState& cluster) {
  return std::any_of(cluster.instances.begin(), cluster.instances.end(), [](const auto& entry) {
    return entry.second.record.revision == 0;
  });
}

bool is_orphan(const ClusterState& cluster, const Task& task) {
  if (!task.container_instance.has_value() || task.last_status == TaskStatus::kStopped)
    return false;
  const auto found = cluster.instances.find(*task.container_instance);
  return found != cluster.instances.end() && found->second.record.revision == 0;
}

}  // namespace

Proposal plan_expiry(const State& state, Timestamp now) {
  Proposal proposal;
  for (const auto& [name, scope] : state.scopes()) {
    for (const auto& [cluster_name, cluster] : scope.clusters) {
      expire_services(scope, cluster_name, cluster, now, proposal);
      expire_tasks(scope, cluster_name, cluster, now, proposal);
      for (const auto& [token, kept] : cluster.tokens) {
        if (proposal.changes.size() >= kMaxChanges) return proposal;
        if (now.milliseconds - kept.value.created_at.milliseconds <= kTokenLifeMs) continue;
        proposal.remove(token_key(scope.scope, cluster_name, token), kept.revision);
      }
    }
  }
  return proposal;
}

Proposal plan_gone_instances(const State& state) {
  Proposal proposal;
  for (const auto& [name, scope] : state.scopes()) {
    for (const auto& [cluster_name, cluster] : scope.clusters) {
      for (const auto& [id, instance] : cluster.instances) {
        if (proposal.changes.size() >= kMaxChanges) return proposal;
        const Kept<ContainerInstance>& record = instance.record;
        if (record.revision == 0 || record.value.status != kDeregistering) continue;
        // The tasks of one that is not heard of any more become orphans.
        if (instance.tasks > 0 && record.value.agent_connected) continue;
        proposal.remove(instance_key(scope.scope, cluster_name, id), record.revision);
      }
    }
  }
  return proposal;
}

Proposal plan_orphans(const State& state, Timestamp now) {
  Proposal proposal;
  for (const auto& [name, scope] : state.scopes()) {
    for (const auto& [cluster_name, cluster] : scope.clusters) {
      if (!has_gone_instances(cluster)) continue;
      for (const auto& [id, kept] : cluster.tasks) {
        if (proposal.changes.size() >= kMaxChanges) return proposal;
        if (!is_orphan(cluster, kept.value)) continue;
        proposal.put(
            task_key(scope.scope, cluster_name, id),
            stopped_unheard(kept.value, "Container instance deregistration forced by user", now),
            kept.revision);
      }
    }
  }
  return proposal;
}

}  // namespace ikada
