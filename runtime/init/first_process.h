// The life of a container's first process between clone3(2) and execve(2), and of one that joins a
// container.
//
// Called in the child, with the parent's memory and descriptors. Failures go to plan.sync_fd, and
// after `start` to the connection that it made.
#pragma once

#include "runtime/init/plan.h"

namespace ikada {

[[noreturn]] void run_first_process(const InitPlan& plan);

[[noreturn]] void run_joining_process(const JoinPlan& plan);

}  // namespace ikada
