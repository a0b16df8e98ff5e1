// Why a host does not take a task.
#pragma once

#include <cstdint>
#include <string_view>

namespace ikada::scheduler {

// In the order in which they are looked for; the first one found is the reason.
enum class Obstacle : std::uint8_t {
  kNone,
  kInactive,
  kDraining,
  kAgent,
  kDisk,
  kCpu,
  kMemory,
  kPorts,
  kEni,
  kGpu,
  kAttribute,
  kMemberOf,
  kDistinctInstance,
};

// The `reason` of a failure in the answers of RunTask and StartTask: "RESOURCE:MEMORY". A draining
// host counts as INACTIVE; "RESOURCE:DISK" is ours.
// Source: Amazon ECS Developer Guide, "API failure reasons".
std::string_view failure_reason(Obstacle obstacle);

}  // namespace ikada::scheduler
