// Where a task is on its way.
//
// Source: Amazon ECS Developer Guide, "Task lifecycle".
#pragma once

#include <optional>
#include <string_view>

namespace ikada {

// In the order of the way: a task never goes back.
enum class TaskStatus {
  kProvisioning,
  kPending,
  kActivating,
  kRunning,
  kDeactivating,
  kStopping,
  kDeprovisioning,
  kStopped,
};

std::string_view to_text(TaskStatus status);
std::optional<TaskStatus> parse_task_status(std::string_view text);

}  // namespace ikada
