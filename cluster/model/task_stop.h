// How a task is asked to stop: one that is a target is deregistered first, and stopped when its
// connections have ended.
//
// Source: Amazon ECS Developer Guide, "Task lifecycle"; "Load balancer connection draining".
#pragma once

#include <string>
#include <string_view>

#include "cluster/model/task.h"

namespace ikada {

enum class StopOrder { kDrainFirst, kAtOnce };

// What is new in the record of a task that is to stop. False if nothing is: it is to stop already,
// and, for kAtOnce, is not being drained.
bool ask_to_stop(
    Task& task, std::string_view code, std::string reason, StopOrder order, Timestamp now);

// It is a target that gets requests now.
bool is_target(const Task& task);

// It is to stop, but its connections may still end: its host has to keep it running.
bool is_draining(const Task& task);

// The task as its host is told of it: one that is drained is as it was before.
Task as_told_to_host(const Task& task);

}  // namespace ikada
