#include "cluster/daemon/lost_hosts.h"

#include <algorithm>
#include <utility>

#include "cluster/daemon/node_plans.h"
#include "cluster/state/record_key.h"

namespace ikada {

namespace {

bool is_unheard(const HostPresence& presence) {
  return !presence.gossip.has_value() || *presence.gossip == gossip::Status::kDead ||
         *presence.gossip == gossip::Status::kLeft;
}

// By the leader's own watch too: one that leads since a moment ago has had no time to hear of it.
bool is_overdue(const Node& node, const HostPresence& presence, Timestamp now) {
  const std::chrono::milliseconds age(now.milliseconds - node.joined_at.milliseconds);
  const auto awaited_for = std::min(age, presence.absent_for);
  if (awaited_for >= kArrivalTime) return true;
  return node.role == "manager" && is_unheard(presence) && awaited_for >= kManagerArrivalTime;
}

}  // namespace

bool is_host_lost(const HostPresence& presence) {
  if (presence.is_connected || !is_unheard(presence)) return false;
  return presence.was_silent || presence.absent_for >= kRestartGrace;
}

std::optional<Proposal> plan_lost_host(const ScopeState& scope, const Node& node, Timestamp now) {
  if (!node.cluster.has_value() || !node.instance.has_value()) return std::nullopt;
  const auto cluster = scope.clusters.find(*node.cluster);
  if (cluster == scope.clusters.end()) return std::nullopt;
  const auto instance = cluster->second.instances.find(*node.instance);
  if (instance == cluster->second.instances.end()) return std::nullopt;
  Proposal proposal;
  const Kept<ContainerInstance>& kept = instance->second.record;
  if (kept.revision != 0 && kept.value.agent_connected) {
    ContainerInstance changed = kept.value;
    changed.agent_connected = false;
    ++changed.version;
    proposal.put(instance_key(scope.scope, *node.cluster, *node.instance), changed, kept.revision);
  }
  if (instance->second.tasks == 0) {
    return proposal.changes.empty() ? std::nullopt : std::optional<Proposal>(std::move(proposal));
  }
  for (const auto& [id, task] : cluster->second.tasks) {
    if (task.value.container_instance != node.instance ||
        task.value.last_status == TaskStatus::kStopped) {
      continue;
    }
    if (proposal.changes.size() >= kMaxChanges) break;
    Task stopped = stopped_unheard(
        task.value, fmt::format("Host EC2 (instance {}) terminated.", *node.instance), now);
    if (!stopped.stop_code.has_value()) stopped.stop_code = "TerminationNotice";
    proposal.put(task_key(scope.scope, *node.cluster, id), stopped, task.revision);
  }
  return proposal.changes.empty() ? std::nullopt : std::optional<Proposal>(std::move(proposal));
}

std::optional<HostChange> plan_arrival(const ScopeState& scope,
                                       const Kept<Node>& node,
                                       const HostPresence& presence,
                                       Timestamp now) {
  const bool is_new = node.value.is_new.value_or(false);
  const bool has_come_so = presence.is_connected && node.value.wanted_role == node.value.role &&
                           presence.role == node.value.role;
  const bool is_half_made = is_new && node.value.role == "manager" && !presence.votes;
  if ((is_new && presence.is_connected && !is_half_made) || has_come_so) {
    Node seen = node.value;
    seen.is_new.reset();
    if (has_come_so) seen.wanted_role.reset();
    HostChange change;
    change.proposal.put(node_key(scope.scope, seen.id), seen, node.revision);
    return change;
  }
  const bool may_come = presence.is_connected || !is_overdue(node.value, presence, now);
  if (!is_new || may_come) return std::nullopt;
  LeavePlan plan = plan_leave(scope, node.value.id, false, now);
  // First its host is lost.
  if (plan.tasks > 0) return std::nullopt;
  return HostChange{.proposal = std::move(plan.proposal), .forgotten = node.value.id};
}

std::optional<HostChange> plan_hosts(
    const ScopeState& scope,
    const std::string& own,
    const std::function<HostPresence(const std::string& node)>& presence_of,
    Timestamp now) {
  for (const auto& [id, node] : scope.nodes) {
    HostPresence presence = presence_of(id);
    if (id == own) presence.is_connected = true;
    std::optional<HostChange> arrival = plan_arrival(scope, node, presence, now);
    if (arrival.has_value()) return arrival;
    if (id == own) continue;
    if (is_host_lost(presence)) {
      std::optional<Proposal> lost = plan_lost_host(scope, node.value, now);
      if (!lost.has_value()) continue;
      return HostChange{.proposal = std::move(*lost), .lost = id};
    }
    // After a start of the manager everybody has time to connect.
    const bool may_still_come = !presence.was_here && presence.absent_for < kConnectGrace;
    if (!presence.is_connected && may_still_come) continue;
    std::optional<Proposal> changed = plan_connected(scope, id, presence.is_connected);
    if (changed.has_value()) return HostChange{.proposal = std::move(*changed)};
  }
  return std::nullopt;
}

}  // namespace ikada
