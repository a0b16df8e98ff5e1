// What the agent tells of a task, and how a manager takes it into the task's record. Pure.
//
// A report is the whole of what this host knows of the task, so that only the newest one counts.
// Its sequence rises with every change and survives the agent; a manager that took it acknowledges
// it.
//
// Source: Amazon ECS API Reference, SubmitTaskStateChange.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/model/task.h"

namespace ikada {

struct TaskReport {
  Scope scope = {};
  Task task = {};
  std::int64_t sequence = 0;
};

// Puts what the host knows into the record; what the manager decided stays. False if nothing
// changes: the report is old, or the record says STOPPED already.
//
// The host's clock may be wrong: a time that was not known before is put between the task's
// creation and `now`, which is the manager's.
bool apply_report(Task& record, const Task& reported, Timestamp now);

// Whether two states of a task differ in what is told.
bool tells_the_same(const Task& one, const Task& other);

}  // namespace ikada
