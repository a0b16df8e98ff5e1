#include "cluster/api/resolve.h"

namespace ikada {

Result<NamedCluster> resolve_cluster(const ApiCall& call,
                                     const State& state,
                                     std::string_view text) {
  const std::optional<std::string> name = cluster_name_of(text, call.scope);
  const ClusterState* found =
      name.has_value() ? state.scope(call.scope).find_cluster(*name) : nullptr;
  if (found == nullptr) return ecs_error("ClusterNotFoundException", "Cluster not found.");
  if (found->record.value.status != "ACTIVE") {
    return client_exception("The referenced cluster was inactive.");
  }
  return NamedCluster{.name = *name, .state = found};
}

NamedInstance find_instance(const ApiCall& call,
                            const NamedCluster& cluster,
                            std::string_view text) {
  const std::optional<std::string> id = id_of(text, "container-instance", call.scope, cluster.name);
  if (!id.has_value()) return {};
  const auto found = cluster.state->instances.find(*id);
  if (found == cluster.state->instances.end() || found->second.record.revision == 0) return {};
  return {.id = *id, .state = &found->second};
}

const Kept<Task>* find_task(const ApiCall& call,
                            const NamedCluster& cluster,
                            std::string_view text) {
  const std::optional<std::string> id = id_of(text, "task", call.scope, cluster.name);
  if (!id.has_value()) return nullptr;
  const auto found = cluster.state->tasks.find(*id);
  return found == cluster.state->tasks.end() ? nullptr : &found->second;
}

Result<const Kept<TaskDefinition>*> resolve_runnable(const ApiCall& call,
                                                     const State& state,
                                                     std::string_view text,
                                                     bool may_be_inactive) {
  const auto name = task_definition_name_of(text, call.scope);
  const Kept<TaskDefinition>* found =
      name.has_value() ? state.scope(call.scope).find_definition(*name) : nullptr;
  if (found == nullptr) return client_exception("TaskDefinition not found.");
  if (found->value.status != "ACTIVE" && !may_be_inactive) {
    return client_exception("TaskDefinition is inactive");
  }
  return found;
}

const ServiceState* find_named_service(const ApiCall& call,
                                       const NamedCluster& cluster,
                                       std::string_view text) {
  const std::optional<std::string> name = id_of(text, "service", call.scope, cluster.name);
  return name.has_value() ? find_service(*cluster.state, *name) : nullptr;
}

std::string shown_arn(std::string_view text, std::string made) {
  return is_arn(text) ? std::string(text) : std::move(made);
}

Json missing(std::string arn) { return {{"arn", std::move(arn)}, {"reason", "MISSING"}}; }

}  // namespace ikada
