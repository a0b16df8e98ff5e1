#include <algorithm>

#include "cluster/api/actions.h"
#include "cluster/api/resolve.h"
#include "cluster/api/show.h"

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

// The tasks of an instance that goes are not heard of again. While they still change at every
// moment fewer go at a time, or none ever would.
void stop_tasks(Proposal& proposal,
                const ApiCall& call,
                const NamedCluster& cluster,
                const std::string& instance) {
  const size_t most = std::max<size_t>(1, (kMaxChanges - 2) >> std::min(call.losses, 16));
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
