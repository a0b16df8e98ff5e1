#include "cluster/scheduler/obstacle.h"

#include <doctest/doctest.h>

namespace ikada::scheduler {

TEST_CASE("every obstacle has the reason that ECS gives") {
  CHECK(failure_reason(Obstacle::kCpu) == "RESOURCE:CPU");
  CHECK(failure_reason(Obstacle::kMemory) == "RESOURCE:MEMORY");
  CHECK(failure_reason(Obstacle::kPorts) == "RESOURCE:PORTS");
  CHECK(failure_reason(Obstacle::kEni) == "RESOURCE:ENI");
  CHECK(failure_reason(Obstacle::kGpu) == "RESOURCE:GPU");
  CHECK(failure_reason(Obstacle::kAgent) == "AGENT");
  CHECK(failure_reason(Obstacle::kAttribute) == "ATTRIBUTE");
  CHECK(failure_reason(Obstacle::kInactive) == "INACTIVE");
  CHECK(failure_reason(Obstacle::kDraining) == "INACTIVE");
  CHECK(failure_reason(Obstacle::kDisk) == "RESOURCE:DISK");
  CHECK(failure_reason(Obstacle::kMemberOf) == "MemberOf placement constraint unsatisfied.");
  CHECK(failure_reason(Obstacle::kDistinctInstance) ==
        "DistinctInstance placement constraint unsatisfied.");
}

}  // namespace ikada::scheduler
