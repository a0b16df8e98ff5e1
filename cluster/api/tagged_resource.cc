#include "cluster/api/tagged_resource.h"

#include "cluster/api/resolve.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

template <typename T>
TaggedResource tagged(const Kept<T>& kept, std::string key) {
  return {.tags = kept.value.tags,
          .propose_tags = [record = kept.value, revision = kept.revision, key = std::move(key)](
                              Proposal& proposal, const std::vector<Tag>& tags) {
            T changed = record;
            changed.tags = tags;
            proposal.put(key, changed, revision);
          }};
}

Error not_found(std::string_view what) {
  return ecs_error("ResourceNotFoundException",
                   "The specified {} is inactive or does not exist. Specify an active one and try "
                   "again.",
                   what);
}

// "CLUSTER/ID" of an instance's, a task's or a service's ARN.
Result<TaggedResource> find_in_cluster(const ApiCall& call,
                                       const State& state,
                                       std::string_view kind,
                                       std::string_view path) {
  const Cut parts = cut(path, '/');
  IK_LET(cluster, resolve_cluster(call, state, parts.before));
  if (kind == "task") {
    const Kept<Task>* task = find_task(call, cluster, parts.after);
    if (task == nullptr || task->value.last_status == TaskStatus::kStopped) {
      return not_found("task");
    }
    return tagged(*task, task_key(call.scope, cluster.name, task->value.id));
  }
  if (kind == "service") {
    const ServiceState* service = find_named_service(call, cluster, parts.after);
    if (service == nullptr || service->record.value.status == "INACTIVE") {
      return not_found("service");
    }
    return tagged(service->record,
                  service_key(call.scope, cluster.name, service->record.value.name));
  }
  const NamedInstance instance = find_instance(call, cluster, parts.after);
  if (instance.state == nullptr) return not_found("container instance");
  return tagged(instance.state->record, instance_key(call.scope, cluster.name, instance.id));
}

}  // namespace

Result<TaggedResource> find_tagged_resource(const ApiCall& call,
                                            const State& state,
                                            std::string_view arn) {
  const Result<Arn> parsed = parse_arn(arn);
  if (!parsed.has_value() || parsed->service != "ecs" || parsed->scope != call.scope) {
    return invalid_parameter("Unable to parse the resource ARN: {}", arn);
  }
  const Cut parts = cut(parsed->resource, '/');
  if (parts.before == "cluster") {
    IK_LET(cluster, resolve_cluster(call, state, arn));
    return tagged(cluster.state->record, cluster_key(call.scope, cluster.name));
  }
  if (parts.before == "task-definition") {
    const auto name = task_definition_name_of(arn, call.scope);
    const Kept<TaskDefinition>* kept =
        name.has_value() ? state.scope(call.scope).find_definition(*name) : nullptr;
    if (kept == nullptr) return not_found("task definition");
    return tagged(*kept, definition_key(call.scope, kept->value.family, kept->value.revision));
  }
  if (parts.before == "task" || parts.before == "container-instance" || parts.before == "service") {
    return find_in_cluster(call, state, parts.before, parts.after);
  }
  return invalid_parameter("Unable to parse the resource ARN: {}", arn);
}

}  // namespace ikada
