// Which tasks of a service go first.
//
// Source: Amazon ECS Developer Guide, "Service scheduler": as the placement strategies say; without
// any, balance over availability zones, then over container instances.
#pragma once

#include "cluster/service/task_health.h"

namespace ikada::service {

// Up to `count` of the candidates, the first to go first: what is not healthy, what is on a host
// that is drained, then by the service's placement strategies in their order, and of equals the
// newest. spread: where most of the candidates are. binpack: from the instance on which most is
// free then. None, or random: of the availability zone, then of the instance that have most.
std::vector<const ServiceTask*> choose_to_stop(const std::vector<const ServiceTask*>& candidates,
                                               size_t count,
                                               const ServiceView& view);

}  // namespace ikada::service
