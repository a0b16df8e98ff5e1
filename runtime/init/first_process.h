// The life of a container's first process between clone3(2) and execve(2), and of one that joins a
// container.
//
// Called in the child, with the parent's memory and descriptors. Failures go to plan.sync_fd, and
// after `start` to the connection that it made.
#pragma once

#include "runtime/init/plan.h"

namespace ikada {

[[noreturn]] void run_first_process(const InitPlan& plan);

// For a container that joins user and mount namespaces: joins plan.joined and clones the first
// process with the CLONE_NEW* `flags`, as a sibling of itself. The report on `report_fd` carries
// its pidfd. What our own rights suffice for is joined before the user namespace, the rest with
// those that it gives, so that it may belong to either; new namespaces belong to the user
// namespace.
[[noreturn]] void run_forerunner(const InitPlan& plan, std::uint64_t flags, int report_fd);

[[noreturn]] void run_joining_process(const JoinPlan& plan);

}  // namespace ikada
