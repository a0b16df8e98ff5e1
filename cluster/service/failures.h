// Tasks of a deployment that failed in a row, and what follows from how many they are.
//
// A task has failed when it stopped by itself, or for its checks, before it was healthy. The row
// ends where a task of the deployment became healthy.
//
// Source: Amazon ECS Developer Guide, "Deployment circuit breaker", "Service throttle logic".
#pragma once

#include "cluster/service/task_health.h"

namespace ikada::service {

inline constexpr std::string_view kFailedChecks = "Task failed container health checks";
inline constexpr std::string_view kFailedTargets = "Task failed ELB health checks in";

struct Failures {
  std::int32_t in_a_row = 0;
  std::int32_t never_started = 0;  // Of these, how many never were RUNNING.
  Timestamp last = {};
};
Failures failures_of(const ServiceView& view, const Deployment& deployment);

// How many of them trip the breaker: half of the desired tasks, at least 3 and at most 200, or what
// thresholdConfiguration says.
std::int32_t breaker_threshold(const CircuitBreaker& breaker, std::int32_t desired_count);

// How long after the last failure the next task is started. The first round (as many failures as
// there are desired tasks) costs nothing; then 1 s, doubling to a minute for tasks that ran, to a
// quarter of an hour for tasks that never did.
std::chrono::milliseconds back_off(const Failures& failures, std::int32_t desired_count);

}  // namespace ikada::service
