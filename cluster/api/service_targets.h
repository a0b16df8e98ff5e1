// A service's load balancers: whether it may have them, and its tasks as targets.
//
// Source: Amazon ECS API Reference, CreateService, LoadBalancer; Developer Guide, "Considerations
// for Application Load Balancers".
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cluster/api/api_call.h"
#include "cluster/loadbalancing/target_sights.h"
#include "cluster/model/task_definition.h"
#include "cluster/service/task_health.h"
#include "cluster/state/state.h"

namespace ikada {

// A target group may be named by its name, too: these have its ARN instead.
std::vector<ServiceLoadBalancer> with_arns(const ScopeState& scope,
                                           std::vector<ServiceLoadBalancer> balancers);

// InvalidParameterException, in ECS's words: the container and its port must be there, and the
// group, which some listener uses and whose targets are of the kind that the network mode makes.
Result<void> check_load_balancers(const ApiCall& call,
                                  const State& state,
                                  const std::vector<ServiceLoadBalancer>& balancers,
                                  const TaskDefinition& definition);

// Looks at tasks as targets, as long as the scope's state stays as it is.
class TargetLook {
 public:
  TargetLook(const ScopeState& scope, const TargetSights& sights);

  service::TargetsView at(const Task& task) const;

 private:
  const ScopeState& scope_;
  const TargetSights& sights_;
  std::set<std::string> in_use_;  // Names of groups.
};

}  // namespace ikada
