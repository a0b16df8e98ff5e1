// How a service's deployments go on: an older one whose tasks are gone disappears, the newest is
// completed when it is all there and alone, and fails when too many of its tasks did.
//
// Source: Amazon ECS API Reference, Deployment; Developer Guide, "Deployment circuit breaker".
#pragma once

#include <string>
#include <vector>

#include "cluster/service/task_health.h"

namespace ikada::service {

// All that is asked for runs, is healthy, and nothing else is there.
bool is_steady(const Service& service, const ServiceView& view);

// There is a completed deployment other than the PRIMARY one.
bool can_roll_back(const Service& service);

// Changes the service's deployments, and says whether it did; adds what is to be told. A deployment
// that failed is rolled back to the last one that was completed, if the service wants that and
// there is one.
bool advance_rollout(Service& service, const ServiceView& view, std::vector<std::string>& events);

// The bounds of its deployment leave no step that can be made.
std::string stuck_event(const Service& service);

// "(service NAME)"
std::string event_subject(const Service& service);

}  // namespace ikada::service
