// Tasks of virtual instances: they "run" without a process, so that the control plane can be tried
// with as many hosts and tasks as one likes.
//
// A task is PENDING, then RUNNING with all that a real one shows, until it is asked to stop; then
// it is STOPPED with exit status 143, as after SIGTERM.
//
// Source: Amazon ECS Developer Guide, "Task lifecycle".
#pragma once

#include <functional>

#include "cluster/api/outcome.h"

namespace ikada {

// One step for each task of a virtual instance that has one to go; up to kMaxChanges.
Proposal plan_virtual_steps(const State& state, Timestamp now);

}  // namespace ikada
