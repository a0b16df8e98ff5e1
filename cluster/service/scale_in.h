// Which tasks of a service go first.
//
// Source: Amazon ECS Developer Guide, "Service scheduler": balance over availability zones, then
// over container instances.
#pragma once

#include "cluster/service/task_health.h"

namespace ikada::service {

// Up to `count` of the candidates, the first to go first: what is not healthy, what is on a host
// that is drained, then of the availability zone and of the instance that have most of the
// candidates, and of these the newest.
std::vector<const ServiceTask*> choose_to_stop(const std::vector<const ServiceTask*>& candidates,
                                               size_t count,
                                               const ServiceView& view);

}  // namespace ikada::service
