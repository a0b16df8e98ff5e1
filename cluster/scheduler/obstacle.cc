#include "cluster/scheduler/obstacle.h"

namespace ikada::scheduler {

std::string_view failure_reason(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::kNone:
      return "";
    case Obstacle::kInactive:
    case Obstacle::kDraining:
      return "INACTIVE";
    case Obstacle::kAgent:
      return "AGENT";
    case Obstacle::kDisk:
      return "RESOURCE:DISK";
    case Obstacle::kCpu:
      return "RESOURCE:CPU";
    case Obstacle::kMemory:
      return "RESOURCE:MEMORY";
    case Obstacle::kPorts:
      return "RESOURCE:PORTS";
    case Obstacle::kEni:
      return "RESOURCE:ENI";
    case Obstacle::kGpu:
      return "RESOURCE:GPU";
    case Obstacle::kAttribute:
      return "ATTRIBUTE";
    case Obstacle::kMemberOf:
      return "MemberOf placement constraint unsatisfied.";
    case Obstacle::kDistinctInstance:
      return "DistinctInstance placement constraint unsatisfied.";
  }
  return "";
}

}  // namespace ikada::scheduler
