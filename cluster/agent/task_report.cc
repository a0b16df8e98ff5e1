#include "cluster/agent/task_report.h"

#include <algorithm>

namespace ikada {
namespace {

void apply_container(TaskContainer& record, const TaskContainer& reported) {
  record.last_status = reported.last_status;
  record.image_digest = reported.image_digest;
  record.runtime_id = reported.runtime_id;
  record.exit_code = reported.exit_code;
  record.reason = reported.reason;
  record.network_bindings = reported.network_bindings;
  record.network_interfaces = reported.network_interfaces;
  record.health_status = reported.health_status;
}

void apply_attachments(Task& record, const Task& reported) {
  for (Attachment& each : record.attachments) {
    for (const Attachment& other : reported.attachments) {
      if (other.id == each.id) each = other;
    }
  }
}

void apply_time(const Task& record,
                std::optional<Timestamp>& known,
                const std::optional<Timestamp>& reported,
                Timestamp now) {
  if (known.has_value() || !reported.has_value()) return;
  known = std::min(std::max(*reported, record.created_at.value_or(Timestamp{})), now);
}

void apply_times(Task& record, const Task& reported, Timestamp now) {
  apply_time(record, record.pull_started_at, reported.pull_started_at, now);
  apply_time(record, record.pull_stopped_at, reported.pull_stopped_at, now);
  apply_time(record, record.started_at, reported.started_at, now);
  apply_time(record, record.stopping_at, reported.stopping_at, now);
  apply_time(record, record.execution_stopped_at, reported.execution_stopped_at, now);
  apply_time(record, record.stopped_at, reported.stopped_at, now);
}

}  // namespace

bool apply_report(Task& record, const Task& reported, Timestamp now) {
  if (record.last_status == TaskStatus::kStopped) return false;
  const Task before = record;
  // Between the host's statuses there are those of load balancers, which the manager sets.
  record.last_status = std::max(record.last_status, reported.last_status);
  if (reported.desired_status == "STOPPED") record.desired_status = "STOPPED";
  for (TaskContainer& each : record.containers) {
    const auto found = std::find_if(
        reported.containers.begin(), reported.containers.end(), [&](const TaskContainer& other) {
          return other.name == each.name;
        });
    if (found != reported.containers.end()) apply_container(each, *found);
  }
  apply_attachments(record, reported);
  apply_times(record, reported, now);
  record.health_status = reported.health_status;
  if (!record.stop_code.has_value()) record.stop_code = reported.stop_code;
  if (!record.stopped_reason.has_value()) record.stopped_reason = reported.stopped_reason;
  if (to_json(before) == to_json(record)) return false;
  ++record.version;
  return true;
}

bool tells_the_same(const Task& one, const Task& other) { return to_json(one) == to_json(other); }

}  // namespace ikada
