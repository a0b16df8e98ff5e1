#include <algorithm>

#include "cluster/api/actions.h"
#include "cluster/api/expiry.h"
#include "cluster/api/resolve.h"
#include "cluster/api/show.h"
#include "cluster/model/task_stop.h"

namespace ikada {
namespace {

struct DeregisterContainerInstanceInput {
  std::string cluster;
  std::string container_instance;
  bool force = false;
};

void describe(JsonFields& fields, DeregisterContainerInstanceInput& input) {
  fields.field("cluster", input.cluster);
  fields.required("containerInstance", input.container_instance);
  fields.field("force", input.force);
}

// While tasks change at every moment fewer of them change at a time, or none ever would.
size_t most_at_once(const ApiCall& call) {
  constexpr int kMostHalvings = 16;
  return std::max<size_t>(1, (kMaxChanges - 2) >> std::min(call.losses, kMostHalvings));
}

// The tasks of an instance that goes are not heard of again.
void stop_tasks(Proposal& proposal,
                const ApiCall& call,
                const NamedCluster& cluster,
                const std::string& instance) {
  const size_t most = most_at_once(call);
  for (const auto& [id, kept] : cluster.state->tasks) {
    const Task& task = kept.value;
    if (task.container_instance != instance || task.last_status == TaskStatus::kStopped) continue;
    if (proposal.changes.size() >= most) {
      proposal.again = true;
      return;
    }
    proposal.put(
        task_key(call.scope, cluster.name, id),
        stopped_unheard(task, "Container instance deregistration forced by user", call.now),
        kept.revision);
  }
}

// A host that lives ends its tasks as any stop does, those that are targets when they are drained;
// then its record goes (plan_gone_instances()).
bool drain_tasks(Proposal& proposal,
                 const ApiCall& call,
                 const NamedCluster& cluster,
                 const std::string& instance) {
  const size_t most = most_at_once(call);
  for (const auto& [id, kept] : cluster.state->tasks) {
    if (kept.value.container_instance != instance) continue;
    Task task = kept.value;
    const std::string reason = "Container instance deregistration forced by user";
    if (!ask_to_stop(task, "UserInitiated", reason, StopOrder::kDrainFirst, call.now)) continue;
    if (proposal.changes.size() >= most) {
      proposal.again = true;
      break;
    }
    proposal.put(task_key(call.scope, cluster.name, id), task, kept.revision);
  }
  return !proposal.again;
}

bool has_targets(const NamedCluster& cluster, const std::string& instance) {
  return std::any_of(
      cluster.state->tasks.begin(), cluster.state->tasks.end(), [&](const auto& entry) {
        const Task& task = entry.second.value;
        return task.container_instance == instance && (is_target(task) || is_draining(task));
      });
}

Outcome deregister_later(const ApiCall& call,
                         const NamedCluster& cluster,
                         const NamedInstance& instance) {
  Proposal proposal;
  const auto show =
      [scope = call.scope, name = cluster.name, id = instance.id](const State& after) {
        return Json{{"containerInstance", show_instance(after, scope, name, id, true)}};
      };
  proposal.then = show;
  if (!drain_tasks(proposal, call, cluster, instance.id)) return propose(std::move(proposal));
  ContainerInstance going = instance.state->record.value;
  if (going.status != kDeregistering) {
    going.status = kDeregistering;
    ++going.version;
    proposal.put(instance_key(call.scope, cluster.name, instance.id),
                 going,
                 instance.state->record.revision);
  }
  return propose(std::move(proposal));
}

}  // namespace

Result<Outcome> deregister_container_instance(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DeregisterContainerInstanceInput>(call));
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  const NamedInstance instance = find_instance(call, cluster, input.container_instance);
  if (instance.state == nullptr) {
    return invalid_parameter(
        "The specified container instance does not exist. Specify a valid "
        "container instance and try again.");
  }
  const bool has_tasks = instance.state->running_tasks + instance.state->pending_tasks > 0;
  if (has_tasks && !input.force) {
    return invalid_parameter("Found running tasks on the instance.");
  }
  const bool lives = instance.state->record.value.agent_connected;
  if (lives && has_targets(cluster, instance.id)) {
    return deregister_later(call, cluster, instance);
  }
  Proposal proposal;
  stop_tasks(proposal, call, cluster, instance.id);
  if (proposal.again) return propose(std::move(proposal));
  // Whoever places a task on the instance guards its record, and so meets this.
  proposal.remove(instance_key(call.scope, cluster.name, instance.id),
                  instance.state->record.revision);
  Json shown = show_instance(state, call.scope, cluster.name, instance.id, true);
  shown["status"] = "INACTIVE";
  shown["runningTasksCount"] = 0;
  shown["pendingTasksCount"] = 0;
  proposal.then = [shown = std::move(shown)](const State&) {
    return Json{{"containerInstance", shown}};
  };
  return propose(std::move(proposal));
}

}  // namespace ikada
