// What a running HAProxy has found out about a plan's targets, in the words of load balancers.
//
// Source: Elastic Load Balancing API Reference, TargetHealth.
#pragma once

#include "cluster/loadbalancing/balancer_plan.h"
#include "cluster/loadbalancing/proxy_status.h"

namespace ikada {

// `before` is what was seen last: a worker that has just started knows nothing of its targets'
// health, which has not changed by that.
TargetObservations observe_targets(const ProxyStatus& status,
                                   const BalancerPlan& plan,
                                   const TargetObservations& before);

// The same where no HAProxy runs: what drains has nothing under way, of the others no more is known
// than before.
TargetObservations observe_without_proxy(const BalancerPlan& plan,
                                         const TargetObservations& before);

// Whether something of a group is likely to change soon: a target that waits for its first check,
// or has not drained yet.
bool is_in_motion(const TargetObservations::mapped_type& targets);

// Whether somebody waits for what differs: states, and sessions of draining targets.
bool is_news(const TargetObservations& before, const TargetObservations& now);

// Requests by group since its worker started. Of both sections.
std::map<std::string, SectionCounts> group_counts(const ProxyStatus& status,
                                                  const BalancerPlan& plan);

}  // namespace ikada
