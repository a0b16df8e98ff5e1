#include "cluster/model/task_stop.h"

#include <utility>

namespace ikada {

bool is_target(const Task& task) {
  return task.targets.has_value() && !task.targets->load_balancers.empty() &&
         task.last_status == TaskStatus::kRunning && task.desired_status == "RUNNING";
}

bool is_draining(const Task& task) {
  return task.last_status == TaskStatus::kDeactivating && task.targets.has_value() &&
         task.targets->deregistered_at.has_value() && !task.targets->drained_at.has_value();
}

bool ask_to_stop(
    Task& task, std::string_view code, std::string reason, StopOrder order, Timestamp now) {
  if (task.desired_status == "STOPPED") {
    if (order == StopOrder::kDrainFirst || !is_draining(task)) return false;
    task.targets->drained_at = now;
    ++task.version;
    return true;
  }
  if (order == StopOrder::kDrainFirst && is_target(task)) {
    task.last_status = TaskStatus::kDeactivating;
    task.targets->deregistered_at = now;
  }
  task.desired_status = "STOPPED";
  task.stop_code = code;
  task.stopped_reason = std::move(reason);
  ++task.version;
  return true;
}

Task as_told_to_host(const Task& task) {
  Task told = task;
  if (!is_draining(task)) return told;
  told.last_status = TaskStatus::kRunning;
  told.desired_status = "RUNNING";
  // Why it stops is for then: should it end by itself meanwhile, the record has the reason already.
  told.stop_code.reset();
  told.stopped_reason.reset();
  return told;
}

}  // namespace ikada
