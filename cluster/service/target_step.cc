#include "cluster/service/target_step.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include <fmt/core.h>

#include "cluster/model/task_stop.h"
#include "cluster/service/failures.h"
#include "cluster/service/rollout.h"

namespace ikada::service {
namespace {

using State = TargetsView::State;

// How many targets came to a group or left it.
using Counts = std::map<std::string, int>;

void count_groups(Counts& counts, const ServiceTask& task) {
  for (const ServiceLoadBalancer& each : task.task->targets->load_balancers) {
    const auto& missing = task.targets.missing;
    const bool is_missing =
        std::find(missing.begin(), missing.end(), each.target_group_arn) != missing.end();
    const bool is_removed = find_removed(*task.task->targets, each.target_group_arn) != nullptr;
    if (!is_missing && !is_removed) ++counts[each.target_group_arn];
  }
}

void tell_registered(const Service& service,
                     const Counts& counts,
                     std::vector<std::string>& events) {
  for (const auto& [group, count] : counts) {
    events.push_back(fmt::format(
        "{} registered {} targets in (target-group {})", event_subject(service), count, group));
  }
}

// Told again from time to time, as long as tasks are to be targets of a group that is not there.
void tell_missing(const ServiceView& view, const Service& service, Decision& decision) {
  std::set<std::string_view> groups;
  for (const ServiceTask& each : view.tasks) {
    if (is_target(*each.task))
      groups.insert(each.targets.missing.begin(), each.targets.missing.end());
  }
  for (const std::string_view group : groups) {
    decision.repeated_events.push_back(
        fmt::format("{} failed to register targets in (target-group {}) with (error One or more "
                    "target groups not found)",
                    event_subject(service),
                    group));
  }
}

// What is new of the targets of a task that runs and is to stay; most have no news.
std::optional<TaskTargets> looked_at(const ServiceTask& each, Timestamp now) {
  const TaskTargets& known = *each.task->targets;
  const bool is_healthy = known.healthy_since.has_value();
  const bool turns_healthy = each.targets.state == State::kHealthy && !is_healthy;
  const bool turns_unhealthy = each.targets.state == State::kUnhealthy && is_healthy;
  if (known.registered_at.has_value() && !turns_healthy && !turns_unhealthy) return std::nullopt;
  TaskTargets targets = known;
  if (!targets.registered_at.has_value()) targets.registered_at = now;
  if (turns_healthy) targets.healthy_since = now;
  if (turns_unhealthy) targets.healthy_since.reset();
  return targets;
}

// Likewise of one whose drain is over.
TaskTargets drained(const Task& task, Timestamp now) {
  TaskTargets targets = *task.targets;
  targets.drained_at = now;
  return targets;
}

bool has_drained(const ServiceTask& each, const ServiceView& view) {
  return each.targets.drained_at.value_or(view.now) <= view.now;
}

size_t most_changes(const Decision& decision) {
  const size_t starts = static_cast<size_t>(decision.starts) + decision.starts_on.size();
  const size_t others = std::min(decision.stops.size(), kMostStops) + std::min(starts, kMostStops);
  return others > kMostTasksBeside ? 0 : kMostTargetChanges;
}

void look_again_at(Decision& decision, Timestamp at) {
  decision.look_again = std::min(decision.look_again.value_or(at), at);
}

}  // namespace

std::string stopped_event(const Service& service, int count, const std::string& tasks) {
  return fmt::format("{} has stopped {} running tasks:{}.", event_subject(service), count, tasks);
}

std::string draining_event(const Service& service, int count) {
  return fmt::format(
      "{} has begun draining connections on {} tasks.", event_subject(service), count);
}

std::string deregistered_event(const Service& service, int count, const std::string& group) {
  return fmt::format(
      "{} deregistered {} targets in (target-group {})", event_subject(service), count, group);
}

void decide_targets(const ServiceView& view, const Service& service, Decision& decision) {
  Counts registered;
  const size_t most = most_changes(decision);
  int stopped_count = 0;
  std::string stopped;
  for (const ServiceTask& each : view.tasks) {
    const Task& task = *each.task;
    const bool is_drained = is_draining(task);
    if (!is_drained && !is_target(task)) continue;
    if (is_drained && !has_drained(each, view)) {
      look_again_at(decision, *each.targets.drained_at);
      continue;
    }
    std::optional<TaskTargets> targets =
        is_drained ? drained(task, view.now) : looked_at(each, view.now);
    if (!targets.has_value()) continue;
    if (decision.targets.size() >= most) {
      look_again_at(decision, view.now);
      break;
    }
    if (!task.targets->registered_at.has_value()) count_groups(registered, each);
    if (targets->drained_at.has_value() && task.stop_code == "ServiceSchedulerInitiated") {
      ++stopped_count;
      stopped += fmt::format(" (task {})", task.id);
    }
    decision.targets.insert_or_assign(task.id, *std::move(targets));
  }
  tell_registered(service, registered, decision.events);
  tell_missing(view, service, decision);
  if (stopped_count > 0) decision.events.push_back(stopped_event(service, stopped_count, stopped));
}

void tell_stopped_targets(const ServiceView& view, const Service& service, Decision& decision) {
  Counts deregistered;
  int count = 0;
  for (const Stop& each : decision.stops) {
    if (!is_target(*each.task)) continue;
    ++count;
    const auto found = std::find_if(view.tasks.begin(), view.tasks.end(), [&](const auto& one) {
      return one.task == each.task;
    });
    count_groups(deregistered, *found);
    if (!each.reason.starts_with(kFailedTargets)) continue;
    for (const UnhealthyTarget& target : found->targets.unhealthy) {
      decision.events.push_back(fmt::format(
          "{} (task {}) (port {}) is unhealthy in (target-group {}) due to (reason {}).",
          event_subject(service),
          each.task->id,
          target.port,
          target.target_group_arn,
          target.reason));
    }
  }
  if (count == 0) return;
  decision.events.push_back(draining_event(service, count));
  for (const auto& [group, targets] : deregistered) {
    decision.events.push_back(deregistered_event(service, targets, group));
  }
}

}  // namespace ikada::service
