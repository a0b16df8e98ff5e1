// What is kept of a service's deployments: how each went, and what each was to bring about.
//
// A deployment "ecs-svc/N" makes the service revision N, which says what its tasks are, and the
// service deployment N, which tells how the service came to it, or why not. A revision never
// changes, but for the digests of its images, which its first task finds out. When a service is
// rolled back, that is told by the deployment that failed; the revision it goes back to is an
// earlier one's.
//
// Source: Amazon ECS API Reference, ServiceDeployment, ServiceRevision, Rollback,
// ServiceDeploymentCircuitBreaker.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/model/service.h"

namespace ikada {

struct ServiceRevision {
  std::string id = {};  // The digits of its deployment's.
  std::string family = {};
  std::int32_t revision = 0;
  std::string launch_type = {};
  std::optional<NetworkConfiguration> network_configuration = {};
  std::vector<ServiceLoadBalancer> load_balancers = {};
  std::vector<ContainerImage> images = {};
  Timestamp created_at = {};
};
void describe(JsonFields& fields, ServiceRevision& revision);

struct RevisionCount {
  std::string revision = {};
  std::int32_t requested = 0;
};
void describe(JsonFields& fields, RevisionCount& count);

struct ServiceRollback {
  std::string reason = {};
  std::string revision = {};  // Where it goes.
  Timestamp started_at = {};
};
void describe(JsonFields& fields, ServiceRollback& rollback);

// How the circuit breaker stood when the deployment was over.
struct BreakerRecord {
  std::string status = {};  // TRIGGERED, MONITORING_COMPLETE or DISABLED.
  std::int32_t failure_count = 0;
  std::int32_t threshold = 0;
};
void describe(JsonFields& fields, BreakerRecord& breaker);

struct ServiceDeployment {
  std::string id = {};  // That of its revision, too.
  // PENDING, IN_PROGRESS, SUCCESSFUL, STOP_REQUESTED, STOPPED, ROLLBACK_REQUESTED,
  // ROLLBACK_IN_PROGRESS, ROLLBACK_SUCCESSFUL or ROLLBACK_FAILED.
  std::string status = "PENDING";
  std::string status_reason = {};
  std::int32_t requested = 0;  // Tasks.
  std::vector<RevisionCount> sources = {};
  DeploymentConfiguration configuration = {};
  std::optional<ServiceRollback> rollback = {};
  std::optional<BreakerRecord> breaker = {};
  Timestamp created_at = {};
  Timestamp updated_at = {};
  std::optional<Timestamp> started_at = {};
  std::optional<Timestamp> finished_at = {};
};
void describe(JsonFields& fields, ServiceDeployment& deployment);

// Both newest first.
struct ServiceHistory {
  std::vector<ServiceDeployment> deployments = {};
  std::vector<ServiceRevision> revisions = {};
};
void describe(JsonFields& fields, ServiceHistory& history);

// The last SUCCESSFUL one is kept besides, and the revisions of all that is kept.
inline constexpr size_t kMaxServiceDeployments = 40;

// Nothing about it changes any more.
bool is_over(const ServiceDeployment& deployment);

// "N" of "ecs-svc/N".
std::string revision_of_deployment(std::string_view deployment);

// Null if there is none.
const ServiceDeployment* find_deployment(const ServiceHistory& history, std::string_view id);
const ServiceRevision* find_revision(const ServiceHistory& history, std::string_view id);

}  // namespace ikada
