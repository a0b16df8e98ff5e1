#include "cluster/service/task_health.h"

#include <algorithm>

namespace ikada::service {
namespace {

bool is_in_grace(const Task& task, const ServiceView& view) {
  const std::int32_t grace_s = view.service->health_check_grace_period_seconds.value_or(0);
  if (grace_s <= 0 || !task.started_at.has_value()) return false;
  return view.now < *task.started_at + std::chrono::seconds(grace_s);
}

std::optional<Timestamp> targets_healthy_since(const Task& task) {
  return task.targets.has_value() ? task.targets->healthy_since : std::nullopt;
}

bool has_good_targets(const ServiceTask& task) {
  if (task.targets.state == TargetsView::State::kHealthy) return true;
  return task.targets.state == TargetsView::State::kUnknown &&
         targets_healthy_since(*task.task).has_value();
}

}  // namespace

Timestamp operator+(Timestamp time, std::chrono::milliseconds by) {
  return {time.milliseconds + by.count()};
}

bool is_live(const ServiceTask& task) {
  return task.task->last_status != TaskStatus::kStopped && task.task->desired_status == "RUNNING";
}

bool has_started(const ServiceTask& task) {
  return task.task->last_status >= TaskStatus::kActivating &&
         task.task->last_status < TaskStatus::kStopped;
}

bool has_unhealthy_targets(const ServiceTask& task) {
  return task.targets.has_groups && task.targets.state == TargetsView::State::kUnhealthy;
}

bool is_unhealthy(const ServiceTask& task, const ServiceView& view) {
  const bool has_failed = task.has_health_check && task.task->health_status == "UNHEALTHY";
  return (has_failed || has_unhealthy_targets(task)) && !is_in_grace(*task.task, view);
}

bool is_healthy(const ServiceTask& task, const ServiceView& view) {
  if (!is_live(task) || task.task->last_status != TaskStatus::kRunning) return false;
  if (task.has_health_check && task.task->health_status != "HEALTHY") return false;
  if (task.targets.has_groups) return has_good_targets(task);
  return task.has_health_check || !will_be_healthy_at(task, view).has_value();
}

bool is_protected(const ServiceTask& task, const ServiceView& view) {
  return is_live(task) && task.task->protected_until.value_or(Timestamp{}) > view.now;
}

std::optional<Timestamp> healthy_since(const ServiceTask& task, const ServiceView& view) {
  const std::optional<Timestamp>& started = task.task->started_at;
  if (!started.has_value()) return std::nullopt;
  if (task.targets.has_groups) return targets_healthy_since(*task.task);
  if (task.has_health_check) {
    // When it became so is not in the record; a check's answer stays there when the task has ended.
    if (task.task->health_status != "HEALTHY") return std::nullopt;
    return started;
  }
  const Timestamp since = *started + view.healthy_after;
  const Timestamp until =
      task.task->execution_stopped_at.value_or(task.task->stopped_at.value_or(view.now));
  if (std::min(until, view.now) < since) return std::nullopt;
  return since;
}

std::optional<Timestamp> will_be_healthy_at(const ServiceTask& task, const ServiceView& view) {
  if (task.has_health_check || task.targets.has_groups || !task.task->started_at.has_value())
    return std::nullopt;
  const Timestamp at = *task.task->started_at + view.healthy_after;
  return view.now < at ? std::optional(at) : std::nullopt;
}

}  // namespace ikada::service
