// One step of a service of the scheduling strategy DAEMON: one task on every host that it is for.
//
// Where an older or unhealthy task is in the way it is stopped first, as far as
// minimumHealthyPercent allows. On a host that is drained the task is the last to stop.
//
// Source: Amazon ECS Developer Guide, "Service scheduler", daemon strategy.
#pragma once

#include "cluster/service/reconcile.h"

namespace ikada::service {

inline constexpr std::int32_t kDaemonMinimumHealthyPercent = 0;
inline constexpr std::int32_t kDaemonMaximumPercent = 100;

// Adds to the decision what is to start and stop; the service's desired count is that of its hosts.
void decide_daemons(const ServiceView& view, const Service& service, Decision& decision);

}  // namespace ikada::service
