// Records that are over: tasks and services some time after they stopped, clientTokens a day after
// their use. The tasks of a service's deployment that is IN_PROGRESS stay as long as they count for
// its circuit breaker.
//
// Source: Amazon ECS API Reference: stopped tasks are shown for at least one hour.
#pragma once

#include "cluster/api/outcome.h"

namespace ikada {

// Removes up to kMaxChanges of them.
Proposal plan_expiry(const State& state, Timestamp now);

// Of an instance that was deregistered by force and whose tasks are still drained.
inline constexpr const char* kDeregistering = "DEREGISTERING";

// Removes those of whose tasks none is left, or that are not heard of any more.
Proposal plan_gone_instances(const State& state);

// Tasks whose instance has gone while they were on their way to it: STOPPED, up to kMaxChanges.
Proposal plan_orphans(const State& state, Timestamp now);

}  // namespace ikada
