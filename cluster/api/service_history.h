// A service's deployments and revisions, as the API shows them and as proposals keep them.
//
// Source: Amazon ECS API Reference, ServiceDeployment, ServiceDeploymentBrief, ServiceRevision,
// ServiceRevisionSummary.
#pragma once

#include <string>

#include "cluster/api/api_call.h"
#include "cluster/api/outcome.h"
#include "cluster/service/task_health.h"
#include "cluster/state/state.h"

namespace ikada {

// Adds the history to the proposal, if `service` as its record makes it another one. Of the view
// only its tasks count.
void propose_history(Proposal& proposal,
                     const ApiCall& call,
                     const ServiceHistory& history,
                     std::int64_t expected,
                     const Service& service,
                     const service::ServiceView& view);

// A service with its history.
struct ShownHistory {
  const ScopeState* scope = nullptr;
  const ClusterState* cluster = nullptr;
  const ServiceState* service = nullptr;  // Null: there is none.
};

// Of the service that an ARN of `kind` ("service-deployment", "service-revision") names; `id` is
// what it names there.
ShownHistory find_history(const ApiCall& call,
                          const State& state,
                          std::string_view arn,
                          std::string_view kind,
                          std::string& id);

Json show_service_deployment(const ApiCall& call,
                             const ShownHistory& of,
                             const ServiceDeployment& deployment);
Json show_service_deployment_brief(const ApiCall& call,
                                   const ShownHistory& of,
                                   const ServiceDeployment& deployment);
Json show_service_revision(const ApiCall& call,
                           const ShownHistory& of,
                           const ServiceRevision& revision);

// ServiceRevisionSummary: how many of the tasks are there.
Json show_revision_summary(const ApiCall& call,
                           const ShownHistory& of,
                           const std::string& revision,
                           std::int32_t requested);

}  // namespace ikada
