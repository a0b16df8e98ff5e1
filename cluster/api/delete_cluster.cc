#include <algorithm>

#include "cluster/api/actions.h"
#include "cluster/api/resolve.h"
#include "cluster/api/show.h"

namespace ikada {
namespace {

struct DeleteClusterInput {
  std::string cluster;
};

void describe(JsonFields& fields, DeleteClusterInput& input) {
  fields.required("cluster", input.cluster);
}

Result<void> check_empty(const ClusterState& cluster) {
  const bool has_instances =
      std::any_of(cluster.instances.begin(), cluster.instances.end(), [](const auto& entry) {
        return entry.second.record.revision != 0;
      });
  if (has_instances) {
    return ecs_error("ClusterContainsContainerInstancesException",
                     "The Cluster cannot be deleted while Container Instances are active or "
                     "draining.");
  }
  const bool has_services =
      std::any_of(cluster.services.begin(), cluster.services.end(), [](const auto& entry) {
        const Kept<Service>& record = entry.second.record;
        return record.revision != 0 && record.value.status != "INACTIVE";
      });
  if (has_services) {
    return ecs_error("ClusterContainsServicesException",
                     "The Cluster cannot be deleted while Services are active.");
  }
  if (cluster.running_tasks + cluster.pending_tasks > 0) {
    return ecs_error("ClusterContainsTasksException",
                     "The Cluster cannot be deleted while Tasks are active.");
  }
  return {};
}

}  // namespace

Result<Outcome> delete_cluster(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DeleteClusterInput>(call));
  const std::optional<std::string> name = cluster_name_of(input.cluster, call.scope);
  const ClusterState* found =
      name.has_value() ? state.scope(call.scope).find_cluster(*name) : nullptr;
  if (found == nullptr) return ecs_error("ClusterNotFoundException", "Cluster not found.");
  const auto show = [scope = call.scope, name = *name](const State& after) {
    return Json{{"cluster", show_cluster(after, scope, name, {})}};
  };
  if (found->record.value.status != "ACTIVE") return answer(show(state));
  IK_TRY(check_empty(*found));
  Cluster inactive = found->record.value;
  inactive.status = "INACTIVE";
  Proposal proposal{.then = show};
  // Whoever adds an instance or a task to the cluster guards its record, and so meets this change.
  proposal.put(cluster_key(call.scope, *name), inactive, found->record.revision);
  return propose(std::move(proposal));
}

}  // namespace ikada
