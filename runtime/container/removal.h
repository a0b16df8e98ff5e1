// Taking away what outlives the runtime's own process: the container's processes and its cgroup.
#pragma once

#include "runtime/base/result.h"
#include "runtime/container/state.h"

namespace ikada {

// Kills every process of the cgroup, waits for their end and removes it. What is gone already is
// not an error.
Result<void> remove_remains(const ContainerState& state);

}  // namespace ikada
