// All that placement knows: hosts, tasks, and the names and shapes they share.
#pragma once

#include "cluster/scheduler/group_counts.h"
#include "cluster/scheduler/host_table.h"
#include "cluster/scheduler/shape_table.h"
#include "cluster/scheduler/task_table.h"

namespace ikada::scheduler {

struct ClusterState {
  HostTable hosts;
  TaskTable tasks;
  GroupCounts groups;
  ShapeTable shapes;
};

}  // namespace ikada::scheduler
