#include "cluster/service/failures.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace ikada::service {
namespace {

constexpr std::int32_t kLeastThreshold = 3;
constexpr std::int32_t kMostThreshold = 200;
constexpr std::int32_t kPercent = 100;
constexpr std::int32_t kDefaultPercent = 50;
constexpr std::chrono::seconds kOneAttempt{1};
constexpr std::chrono::seconds kFirstDelay{1};
constexpr std::chrono::minutes kLongestAfterRunning{1};
constexpr std::chrono::minutes kLongest{15};

bool is_failure(const ServiceTask& task, const ServiceView& view) {
  if (task.task->last_status != TaskStatus::kStopped) return false;
  if (healthy_since(task, view).has_value()) return false;
  const std::string code = task.task->stop_code.value_or("");
  if (code == "TaskFailedToStart" || code == "EssentialContainerExited") return true;
  const std::string reason = task.task->stopped_reason.value_or("");
  return code == "ServiceSchedulerInitiated" &&
         (reason == kFailedChecks || reason.starts_with(kFailedTargets));
}

std::int32_t rounded_up(std::int64_t count, std::int32_t percent) {
  return static_cast<std::int32_t>((count * percent + kPercent - 1) / kPercent);
}

std::int32_t count_attempts(std::vector<Timestamp> made) {
  std::sort(made.begin(), made.end());
  std::int32_t attempts = 0;
  Timestamp until{};
  for (const Timestamp each : made) {
    if (attempts > 0 && each < until) continue;
    ++attempts;
    until = each + kOneAttempt;
  }
  return attempts;
}

}  // namespace

Failures failures_of(const ServiceView& view, const Deployment& deployment, std::string_view host) {
  const auto is_of = [&](const ServiceTask& each) {
    return each.task->started_by == deployment.id &&
           (host.empty() || each.task->container_instance == host);
  };
  Timestamp healthy{};
  for (const ServiceTask& each : view.tasks) {
    if (!is_of(each)) continue;
    healthy = std::max(healthy, healthy_since(each, view).value_or(Timestamp{}));
  }
  Failures failures;
  std::vector<Timestamp> made;
  for (const ServiceTask& each : view.tasks) {
    if (!is_of(each) || !is_failure(each, view)) continue;
    const Timestamp at = each.task->stopped_at.value_or(Timestamp{});
    if (at <= healthy) continue;
    ++failures.in_a_row;
    if (!each.task->started_at.has_value()) ++failures.never_started;
    failures.last = std::max(failures.last, at);
    made.push_back(each.task->created_at.value_or(Timestamp{}));
  }
  failures.attempts = count_attempts(std::move(made));
  failures.has_started_since =
      std::any_of(view.tasks.begin(), view.tasks.end(), [&](const ServiceTask& each) {
        return is_of(each) && each.task->started_at > failures.last;
      });
  return failures;
}

std::int32_t counted_failures(const ServiceView& view,
                              const Deployment& deployment,
                              const CircuitBreaker& breaker) {
  if (breaker.reset_on_healthy_task.value_or(true)) return failures_of(view, deployment).in_a_row;
  return static_cast<std::int32_t>(
      std::count_if(view.tasks.begin(), view.tasks.end(), [&](const ServiceTask& each) {
        return each.task->started_by == deployment.id && is_failure(each, view);
      }));
}

std::int32_t breaker_threshold(const CircuitBreaker& breaker, std::int32_t desired_count) {
  if (breaker.threshold.type.empty()) {
    return std::clamp(rounded_up(desired_count, kDefaultPercent), kLeastThreshold, kMostThreshold);
  }
  const BreakerThreshold& threshold = breaker.threshold;
  if (threshold.type == "COUNT") return std::max(threshold.value, 1);
  const std::int32_t share = rounded_up(desired_count, threshold.value);
  if (threshold.type == "UNBOUNDED_PERCENT") return std::max(share, 1);
  return std::clamp(share, kLeastThreshold, kMostThreshold);
}

size_t most_counted(const Service& service) {
  const CircuitBreaker& breaker = service.deployment_configuration.breaker;
  return static_cast<size_t>(
      std::max(kMostThreshold, breaker_threshold(breaker, service.desired_count)));
}

std::chrono::milliseconds back_off(const Failures& failures, std::int32_t desired_count) {
  const std::int32_t round_size = std::max(desired_count, 1);
  const std::int32_t rounds =
      std::max((failures.in_a_row + round_size - 1) / round_size, failures.attempts);
  if (rounds <= 1) return std::chrono::milliseconds{0};
  const std::chrono::milliseconds longest =
      failures.never_started == failures.in_a_row ? kLongest : kLongestAfterRunning;
  std::chrono::milliseconds delay = kFirstDelay;
  for (std::int32_t i = 2; i < rounds && delay < longest; ++i) delay *= 2;
  return std::min(delay, longest);
}

Throttle throttle_of(const Failures& failures, const Service& service, std::int32_t desired_count) {
  const Deployment* primary = primary_of(service);
  const bool is_watched = service.deployment_configuration.breaker.enable && primary != nullptr &&
                          primary->rollout_state == "IN_PROGRESS";
  Failures counted = failures;
  if (is_watched) counted.attempts = 0;
  Throttle throttle{.not_before = failures.last + back_off(counted, desired_count)};
  const bool is_impaired = failures.never_started >= kImpairedAfter && !failures.has_started_since;
  if (is_impaired && !is_watched) throttle.most_at_once = 1;
  return throttle;
}

}  // namespace ikada::service
