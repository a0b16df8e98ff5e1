// Waiting for the end of a container that somebody else looks after.
//
// Source: runtime/monitor/protocol.h.
#pragma once

#include <string>

#include "cluster/engine/layout.h"
#include "runtime/base/result.h"

namespace ikada {

// Returns the exit code once the container has ended; at once if it does not run. A container that
// was never started counts as ended with 0, as with docker.
Result<int> wait_for_exit(const EngineLayout& layout, const std::string& id);

}  // namespace ikada
