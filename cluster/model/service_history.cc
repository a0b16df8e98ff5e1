#include "cluster/model/service_history.h"

#include <algorithm>

namespace ikada {
namespace {

template <typename T>
const T* find_by_id(const std::vector<T>& all, std::string_view id) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const T& each) { return each.id == id; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

void describe(JsonFields& fields, ServiceRevision& revision) {
  fields.field("id", revision.id);
  fields.field("family", revision.family);
  fields.field("revision", revision.revision);
  fields.field("launchType", revision.launch_type);
  fields.field("networkConfiguration", revision.network_configuration);
  fields.field("loadBalancers", revision.load_balancers);
  fields.field("containerImages", revision.images);
  fields.field("createdAt", revision.created_at);
}

void describe(JsonFields& fields, RevisionCount& count) {
  fields.field("revision", count.revision);
  fields.field("requestedTaskCount", count.requested);
}

void describe(JsonFields& fields, ServiceRollback& rollback) {
  fields.field("reason", rollback.reason);
  fields.field("revision", rollback.revision);
  fields.field("startedAt", rollback.started_at);
}

void describe(JsonFields& fields, BreakerRecord& breaker) {
  fields.field("status", breaker.status);
  fields.field("failureCount", breaker.failure_count);
  fields.field("threshold", breaker.threshold);
}

void describe(JsonFields& fields, ServiceDeployment& deployment) {
  fields.field("id", deployment.id);
  fields.field("status", deployment.status);
  fields.field("statusReason", deployment.status_reason);
  fields.field("requested", deployment.requested);
  fields.field("sources", deployment.sources);
  fields.field("deploymentConfiguration", deployment.configuration);
  fields.field("rollback", deployment.rollback);
  fields.field("deploymentCircuitBreaker", deployment.breaker);
  fields.field("createdAt", deployment.created_at);
  fields.field("updatedAt", deployment.updated_at);
  fields.field("startedAt", deployment.started_at);
  fields.field("finishedAt", deployment.finished_at);
}

void describe(JsonFields& fields, ServiceHistory& history) {
  fields.field("deployments", history.deployments);
  fields.field("revisions", history.revisions);
}

bool is_over(const ServiceDeployment& deployment) {
  const std::string& status = deployment.status;
  return status == "SUCCESSFUL" || status == "STOPPED" || status == "ROLLBACK_SUCCESSFUL" ||
         status == "ROLLBACK_FAILED";
}

std::string revision_of_deployment(std::string_view deployment) {
  return std::string(deployment.substr(deployment.find('/') + 1));
}

const ServiceDeployment* find_deployment(const ServiceHistory& history, std::string_view id) {
  return find_by_id(history.deployments, id);
}

const ServiceRevision* find_revision(const ServiceHistory& history, std::string_view id) {
  return find_by_id(history.revisions, id);
}

}  // namespace ikada
