// A service's load balancers: whether it may have them, and its tasks as targets.
//
// Source: Amazon ECS API Reference, CreateService, LoadBalancer; Developer Guide, "Considerations
// for Application Load Balancers".
#pragma once

#include <string>
#include <string_view>
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

// Looks at a service's tasks as targets, as long as the scope's state and the tasks stay as they
// are.
class TargetLook {
 public:
  TargetLook(const ScopeState& scope, const SeenTargets& seen) : scope_(scope), seen_(seen) {}

  service::TargetsView at(const Task& task);

 private:
  struct Group {
    std::string_view arn;
    const TargetGroup* group = nullptr;     // Null for one that is not there.
    bool is_in_use = false;                 // It gets requests.
    const GroupSights* seen = nullptr;      // Null if nobody has seen one of its targets.
    GroupSights::const_iterator next = {};  // After the one that was looked at last.
  };
  Group& find_group(std::string_view arn);
  static const TargetSight* find_sight(Group& group, std::string_view target);

  const ScopeState& scope_;
  const SeenTargets& seen_;
  std::vector<Group> groups_ = {};  // That have been looked up.
};

}  // namespace ikada
