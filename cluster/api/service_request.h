// What CreateService and UpdateService share: their request, its checks, and a new deployment.
//
// Source: Amazon ECS API Reference, CreateService, UpdateService.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/api/api_call.h"
#include "cluster/api/task_launch.h"
#include "cluster/model/service.h"
#include "cluster/scheduler/request.h"
#include "cluster/state/state.h"

namespace ikada {

struct ServiceRequest {
  std::string cluster = {};
  std::optional<std::string> task_definition = {};
  std::optional<std::int32_t> desired_count = {};
  std::optional<DeploymentConfiguration> deployment_configuration = {};
  std::optional<NetworkConfiguration> network_configuration = {};
  OptionalList<ServiceLoadBalancer> load_balancers = {};
  OptionalList<PlacementConstraint> placement_constraints = {};
  OptionalList<PlacementStrategy> placement_strategy = {};
  std::optional<std::int32_t> health_check_grace_period_seconds = {};
  std::optional<bool> enable_ecs_managed_tags = {};
  std::optional<bool> enable_execute_command = {};
  std::optional<std::string> propagate_tags = {};
  std::optional<std::string> availability_zone_rebalancing = {};
};
void describe_service_request(JsonFields& fields, ServiceRequest& request);

// InvalidParameterException for what is out of range or not known here.
Result<void> check_service_request(const ApiCall& call, const ServiceRequest& request);

// InvalidParameterException for what a service of the strategy DAEMON cannot have.
Result<void> check_daemon_request(const ServiceRequest& request);

// With both its percentages at 100 no deployment could ever go on.
Result<void> check_percents(const Service& service);

// InvalidParameterException for a service that is to be rebalanced and cannot be.
Result<void> check_rebalancing(const Service& service);

// Takes over what is given; what makes a new deployment is left to the caller.
void apply_request(const ApiCall& call, const ServiceRequest& request, Service& service);

// What a deployment has besides what its service has.
struct DeploymentParts {
  std::optional<NetworkConfiguration> network_configuration = {};
  std::vector<ServiceLoadBalancer> load_balancers = {};
};

// A PRIMARY deployment of the service's task definition and desired count; the others become
// ACTIVE.
void add_deployment(const ApiCall& call, Service& service, const DeploymentParts& parts);

// How the tasks of one of the service's deployments are launched: prepare_launch().
Result<Launch> prepare_service_launch(const ApiCall& call,
                                      const State& state,
                                      const Service& service,
                                      const Deployment& deployment);

// And where they may go; over availability zones and hosts if the service does not say.
Result<scheduler::Request> service_placement(const Launch& launch, const Service& service);

// ServiceNotFoundException; ServiceNotActiveException.
Result<const ServiceState*> resolve_active_service(const ApiCall& call,
                                                   const NamedCluster& cluster,
                                                   const std::string& text);

}  // namespace ikada
