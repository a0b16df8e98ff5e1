#include "cluster/api/service_view.h"

#include <algorithm>
#include <span>
#include <utility>

#include "cluster/api/service_history.h"
#include "cluster/api/service_targets.h"
#include "cluster/service/failures.h"

namespace ikada {
namespace {

bool has_essential_check(const TaskDefinition& definition) {
  const auto& containers = definition.container_definitions;
  return std::any_of(containers.begin(), containers.end(), [](const ContainerDefinition& each) {
    return each.essential && each.health_check.has_value();
  });
}

// Whether nothing but daemons is left on the task's instance.
bool is_last_on_host(const ClusterState& cluster, const Task& task) {
  const auto is_other = [&](const auto& entry) {
    const Task& each = entry.second.value;
    if (each.container_instance != task.container_instance) return false;
    if (each.last_status == TaskStatus::kStopped) return false;
    const auto name = service_of_group(each.group);
    const ServiceState* service = name.has_value() ? find_service(cluster, *name) : nullptr;
    return service == nullptr || !is_daemon(service->record.value);
  };
  return std::none_of(cluster.tasks.begin(), cluster.tasks.end(), is_other);
}

// How many tasks are asked for at once, so that they stay in the cache until they are looked at.
constexpr size_t kFetched = 32;

// The cluster's tasks are strewn over memory, and a step that has nothing to do waits for little
// else: what it looks at of a service's tasks is asked for before.
void fetch(std::span<const TaskOfService> tasks) {
  for (const TaskOfService& each : tasks) {
    const Task& task = each.kept->value;
    __builtin_prefetch(&task.family);
    __builtin_prefetch(&task.last_status);
    __builtin_prefetch(&task.targets);
    __builtin_prefetch(&task.started_by);
    __builtin_prefetch(&task.started_at);
  }
  for (const TaskOfService& each : tasks) {
    const Task& task = each.kept->value;
    __builtin_prefetch(task.containers.data());
    if (task.started_by.has_value()) __builtin_prefetch(task.started_by->data());
    if (task.targets.has_value()) __builtin_prefetch(task.targets->load_balancers.data());
  }
  for (const TaskOfService& each : tasks) {
    const Task& task = each.kept->value;
    if (!task.targets.has_value() || task.containers.empty()) continue;
    __builtin_prefetch(task.id.data());
    __builtin_prefetch(task.containers.front().network_bindings.data());
    for (const ServiceLoadBalancer& place : task.targets->load_balancers) {
      __builtin_prefetch(place.target_group_arn.data());
    }
  }
}

struct Counts {
  std::int32_t running = 0;
  std::int32_t pending = 0;
};

// Of one deployment; of all for "".
Counts count_tasks(const service::ServiceView& view, std::string_view deployment) {
  Counts counts;
  for (const service::ServiceTask& each : view.tasks) {
    if (!deployment.empty() && each.task->started_by != deployment) continue;
    const bool is_leaving = each.task->last_status == TaskStatus::kDeactivating;
    if (is_running(*each.task) && !is_leaving) ++counts.running;
    if (is_pending(*each.task)) ++counts.pending;
  }
  return counts;
}

Json show_deployment(const ApiCall& call,
                     const service::ServiceView& view,
                     const Deployment& deployment) {
  Json json = to_json(deployment);
  for (const char* own :
       {"family", "revision", "loadBalancers", "images", "stopRequested", "rollsBack"}) {
    json.erase(own);
  }
  const Counts counts = count_tasks(view, deployment.id);
  json["taskDefinition"] = task_definition_arn(call.scope, deployment.family, deployment.revision);
  json["runningCount"] = counts.running;
  json["pendingCount"] = counts.pending;
  json["failedTasks"] =
      service::counted_failures(view, deployment, view.service->deployment_configuration.breaker);
  json["launchType"] = view.service->launch_type;
  return json;
}

// Which deployment is the newest, and what there is of tasks of which revision.
void show_current(const ApiCall& call, const ShownHistory& of, Json& json) {
  const Service& service = of.service->record.value;
  const auto& deployments = of.service->history.value.deployments;
  if (!deployments.empty()) {
    json["currentServiceDeployment"] =
        service_deployment_arn(call.scope, service.cluster, service.name, deployments.front().id);
  }
  Json& revisions = json["currentServiceRevisions"] = Json::array();
  for (const Deployment& each : service.deployments) {
    revisions.push_back(
        show_revision_summary(call, of, revision_of_deployment(each.id), each.desired_count));
  }
}

// The containers of the service's newest deployment whose images are named by a tag, and that do
// not want to be without a pin.
std::map<std::string, std::string> tagged_images(const ScopeState& scope, const Service& service) {
  std::map<std::string, std::string> tagged;
  const Deployment* primary = primary_of(service);
  if (primary == nullptr) return tagged;
  const Kept<TaskDefinition>* definition =
      scope.find_definition({.family = primary->family, .revision = primary->revision});
  if (definition == nullptr) return tagged;
  for (const ContainerDefinition& each : definition->value.container_definitions) {
    if (each.version_consistency == "disabled") continue;
    if (each.image.find('@') == std::string::npos) tagged[each.name] = each.image;
  }
  return tagged;
}

}  // namespace

service::ServiceView view_of_service(const ScopeState& scope,
                                     const ClusterState& cluster,
                                     const ServiceState& service,
                                     const ApiCall& call) {
  service::ServiceView view{.service = &service.record.value,
                            .tasks = {},
                            .tagged = tagged_images(scope, service.record.value),
                            .now = call.now,
                            .healthy_after = call.options.healthy_after};
  TargetLook targets(scope, call.sights());
  // Most tasks of a service have one definition.
  const Task* last = nullptr;
  bool has_check = false;
  view.tasks.reserve(service.tasks.size());
  for (const TaskOfService& each : service.tasks) {
    const size_t place = view.tasks.size();
    if (place % kFetched == 0) {
      const std::span<const TaskOfService> rest = std::span(service.tasks).subspan(place);
      fetch(rest.first(std::min(rest.size(), kFetched)));
    }
    const Task& task = each.kept->value;
    if (last == nullptr || last->family != task.family || last->revision != task.revision) {
      const Kept<TaskDefinition>* definition =
          scope.find_definition({.family = task.family, .revision = task.revision});
      has_check = definition != nullptr && has_essential_check(definition->value);
      last = &task;
    }
    const bool is_draining =
        each.instance != nullptr && each.instance->record.value.status == "DRAINING";
    view.tasks.push_back(
        {.task = &task,
         .has_health_check = has_check,
         .is_on_draining_host = is_draining,
         .is_last_on_host =
             is_draining && is_daemon(service.record.value) && is_last_on_host(cluster, task),
         .targets = targets.at(task),
         .host = each.instance == nullptr ? nullptr : &each.instance->record.value,
         .reserved = each.instance == nullptr ? nullptr : &each.instance->reserved});
  }
  return view;
}

Json show_service(const ApiCall& call,
                  const State& state,
                  std::string_view cluster,
                  std::string_view name,
                  bool with_tags) {
  const ScopeState& scope = state.scope(call.scope);
  const ClusterState* in = scope.find_cluster(cluster);
  const ServiceState* kept = in == nullptr ? nullptr : find_service(*in, name);
  if (kept == nullptr) return nullptr;
  const Service& service = kept->record.value;
  const service::ServiceView view = view_of_service(scope, *in, *kept, call);
  Json json = to_json(service);
  for (const char* own : {"cluster",
                          "family",
                          "revision",
                          "lastCompleted",
                          "inactiveAt",
                          "creationDigest",
                          "hasClientToken",
                          "rebalancing"}) {
    json.erase(own);
  }
  const Counts counts = count_tasks(view, "");
  json["serviceArn"] = service_arn(call.scope, cluster, name);
  json["clusterArn"] = cluster_arn(call.scope, cluster);
  json["taskDefinition"] = task_definition_arn(call.scope, service.family, service.revision);
  json["runningCount"] = counts.running;
  json["pendingCount"] = counts.pending;
  json["loadBalancers"] = Json::array();
  json["serviceRegistries"] = Json::array();
  json["deploymentController"] = {{"type", "ECS"}};
  Json& deployments = json["deployments"] = Json::array();
  for (const Deployment& each : service.deployments) {
    deployments.push_back(show_deployment(call, view, each));
  }
  json["events"] = to_json(kept->events.value)["events"];
  if (const Deployment* primary = primary_of(service)) {
    json["loadBalancers"] = to_json(*primary)["loadBalancers"];
    if (primary->network_configuration.has_value()) {
      json["networkConfiguration"] = to_json(*primary->network_configuration);
    }
  }
  show_current(call, {.scope = &scope, .cluster = in, .service = kept}, json);
  if (!with_tags) json["tags"] = Json::array();
  return json;
}

std::function<Json(const State& after)> answer_with_service(const ApiCall& call,
                                                            std::string cluster,
                                                            std::string name) {
  return [call, cluster = std::move(cluster), name = std::move(name)](const State& after) {
    return Json{{"service", show_service(call, after, cluster, name, true)}};
  };
}

}  // namespace ikada
