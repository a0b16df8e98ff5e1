// Which tasks can be protected from scale-in, and how that is shown.
//
// Source: Amazon ECS API Reference, UpdateTaskProtection, GetTaskProtection, ProtectedTask, "API
// failure reasons".
#pragma once

#include <string>
#include <vector>

#include "cluster/api/resolve.h"

namespace ikada {

// InvalidParameterException for none, or for more than `most`.
Result<void> check_task_count(const std::vector<std::string>& tasks, size_t most);

struct ProtectableTasks {
  std::vector<const Kept<Task>*> tasks = {};  // Each once.
  Json failures = Json::array();              // MISSING, or TASK_NOT_VALID.
};

// A service's tasks that are to run; not those of a service that has one on each host.
ProtectableTasks find_protectable(const ApiCall& call,
                                  const NamedCluster& cluster,
                                  const std::vector<std::string>& names);

// ECS's ProtectedTask; what has expired is not enabled.
Json show_protection(const Task& task, const ApiCall& call);

}  // namespace ikada
