// Changing a node's role, and waiting until it has it.
#pragma once

#include <string>

#include "cmd/ikada/context.h"
#include "runtime/base/result.h"

namespace ikada {

// `role`: "manager" or "worker". Returns when the node is connected in it; kUnavailable, with the
// reason, if it has stayed what it was, or if that takes more than two minutes.
Result<void> change_node_role(const Context& context,
                              const std::string& name,
                              const std::string& role);

}  // namespace ikada
