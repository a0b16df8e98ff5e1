#include "cluster/api/service_history.h"

#include <utility>

#include "cluster/api/service_view.h"
#include "cluster/service/deployment_history.h"
#include "cluster/service/failures.h"

namespace ikada {
namespace {

const Service& record_of(const ShownHistory& of) { return of.service->record.value; }

std::string revision_arn(const ApiCall& call, const ShownHistory& of, const std::string& id) {
  return service_revision_arn(call.scope, record_of(of).cluster, record_of(of).name, id);
}

Json names_of(const ApiCall& call, const ShownHistory& of) {
  const Service& service = record_of(of);
  return {{"serviceArn", service_arn(call.scope, service.cluster, service.name)},
          {"clusterArn", cluster_arn(call.scope, service.cluster)}};
}

// What every view of a deployment has.
Json show_progress(const ApiCall& call,
                   const ShownHistory& of,
                   const ServiceDeployment& deployment) {
  const Service& service = record_of(of);
  const Json record = to_json(deployment);
  Json shown = names_of(call, of);
  shown["serviceDeploymentArn"] =
      service_deployment_arn(call.scope, service.cluster, service.name, deployment.id);
  for (const char* each : {"status", "createdAt", "startedAt", "finishedAt"}) {
    if (record.contains(each)) shown[each] = record[each];
  }
  if (!deployment.status_reason.empty()) shown["statusReason"] = deployment.status_reason;
  return shown;
}

// While it is not over, the failures of now.
Json show_breaker(const ApiCall& call,
                  const ShownHistory& of,
                  const ServiceDeployment& deployment) {
  if (deployment.breaker.has_value()) return to_json(*deployment.breaker);
  const service::ServiceView view = view_of_service(*of.scope, *of.cluster, *of.service, call);
  const CircuitBreaker& breaker = record_of(of).deployment_configuration.breaker;
  const Deployment named{.id = fmt::format("ecs-svc/{}", deployment.id)};
  return {{"status", breaker.enable ? "MONITORING" : "DISABLED"},
          {"failureCount", service::counted_failures(view, named, breaker)},
          {"threshold", service::breaker_threshold(breaker, deployment.requested)}};
}

}  // namespace

void propose_history(Proposal& proposal,
                     const ApiCall& call,
                     const ServiceHistory& history,
                     std::int64_t expected,
                     const Service& service,
                     const service::ServiceView& view) {
  const auto changed = service::follow_history(history, service, view);
  if (!changed.has_value()) return;
  proposal.put(service_history_key(call.scope, service.cluster, service.name), *changed, expected);
}

ShownHistory find_history(const ApiCall& call,
                          const State& state,
                          std::string_view arn,
                          std::string_view kind,
                          std::string& id) {
  const auto named = service_part_of(arn, kind, call.scope);
  if (!named.has_value()) return {};
  id = named->id;
  ShownHistory of{.scope = &state.scope(call.scope)};
  of.cluster = of.scope->find_cluster(named->cluster);
  if (of.cluster != nullptr) of.service = find_service(*of.cluster, named->service);
  return of;
}

Json show_revision_summary(const ApiCall& call,
                           const ShownHistory& of,
                           const std::string& revision,
                           std::int32_t requested) {
  std::int32_t running = 0;
  std::int32_t pending = 0;
  const std::string deployment = fmt::format("ecs-svc/{}", revision);
  for (const TaskOfService& each : of.service->tasks) {
    const Task& task = each.kept->value;
    if (task.started_by != deployment) continue;
    if (is_running(task) && task.last_status != TaskStatus::kDeactivating) ++running;
    if (is_pending(task)) ++pending;
  }
  return {{"arn", revision_arn(call, of, revision)},
          {"requestedTaskCount", requested},
          {"runningTaskCount", running},
          {"pendingTaskCount", pending}};
}

Json show_service_deployment_brief(const ApiCall& call,
                                   const ShownHistory& of,
                                   const ServiceDeployment& deployment) {
  Json shown = show_progress(call, of, deployment);
  shown["targetServiceRevisionArn"] = revision_arn(call, of, deployment.id);
  return shown;
}

Json show_service_deployment(const ApiCall& call,
                             const ShownHistory& of,
                             const ServiceDeployment& deployment) {
  const Json record = to_json(deployment);
  Json shown = show_progress(call, of, deployment);
  shown["updatedAt"] = record["updatedAt"];
  if (deployment.status == "STOPPED") shown["stoppedAt"] = record["finishedAt"];
  shown["targetServiceRevision"] =
      show_revision_summary(call, of, deployment.id, deployment.requested);
  Json& sources = shown["sourceServiceRevisions"] = Json::array();
  for (const RevisionCount& each : deployment.sources) {
    sources.push_back(show_revision_summary(call, of, each.revision, each.requested));
  }
  shown["deploymentConfiguration"] = record["deploymentConfiguration"];
  if (deployment.rollback.has_value()) {
    shown["rollback"] = {
        {"reason", deployment.rollback->reason},
        {"startedAt", record["rollback"]["startedAt"]},
        {"serviceRevisionArn", revision_arn(call, of, deployment.rollback->revision)}};
  }
  shown["deploymentCircuitBreaker"] = show_breaker(call, of, deployment);
  shown["alarms"] = {{"status", "DISABLED"},
                     {"alarmNames", Json::array()},
                     {"triggeredAlarmNames", Json::array()}};
  return shown;
}

Json show_service_revision(const ApiCall& call,
                           const ShownHistory& of,
                           const ServiceRevision& revision) {
  Json shown = names_of(call, of);
  shown["serviceRevisionArn"] = revision_arn(call, of, revision.id);
  shown["taskDefinition"] = task_definition_arn(call.scope, revision.family, revision.revision);
  Json record = to_json(revision);
  for (const char* each :
       {"launchType", "networkConfiguration", "loadBalancers", "containerImages", "createdAt"}) {
    if (record.contains(each)) shown[each] = record[each];
  }
  return shown;
}

}  // namespace ikada
