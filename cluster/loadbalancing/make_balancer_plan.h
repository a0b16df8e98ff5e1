// From the cluster's records to what its balancers are to do.
//
// The same state and time give the same plan, in the same order, on every host. A group that no
// listener sends requests to is not in it; a target whose address is not known yet neither.
#pragma once

#include <map>
#include <string>

#include "cluster/loadbalancing/balancer_plan.h"
#include "cluster/state/state.h"

namespace ikada {

struct BalancerPlanInputs {
  Timestamp now = {};  // Until when targets are drained depends on it.
  std::map<std::string, std::string> certificate_files = {};  // By the certificates' ARNs.
};

// What the listener is called in a plan.
std::string planned_listener_name(const LoadBalancer& balancer, const Listener& listener);

BalancerPlan make_balancer_plan(const State& state, const BalancerPlanInputs& inputs);

}  // namespace ikada
