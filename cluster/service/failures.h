// Tasks of a deployment that failed in a row, and what follows from how many they are.
//
// A task has failed when it stopped by itself, or for its checks, before it was healthy. The row
// ends where a task of the deployment became healthy.
//
// Source: Amazon ECS Developer Guide, "Deployment circuit breaker", "Service throttle logic".
#pragma once

#include <cstddef>
#include <limits>
#include <string_view>

#include "cluster/service/task_health.h"

namespace ikada::service {

inline constexpr std::string_view kFailedChecks = "Task failed container health checks";
inline constexpr std::string_view kFailedTargets = "Task failed ELB health checks in";

// So many that never were RUNNING make a service that cannot consistently start tasks.
inline constexpr std::int32_t kImpairedAfter = 3;

struct Failures {
  std::int32_t in_a_row = 0;
  std::int32_t never_started = 0;  // Of these, how many never were RUNNING.
  std::int32_t attempts = 0;       // Those that were made within a second count as one.
  bool has_started_since = false;  // A task of the deployment, after the last of them.
  Timestamp last = {};
};
// Of one host, if one is named.
Failures failures_of(const ServiceView& view,
                     const Deployment& deployment,
                     std::string_view host = {});

// How many the breaker counts, which are shown as failedTasks: those in a row, or with
// resetOnHealthyTask false all of the deployment.
std::int32_t counted_failures(const ServiceView& view,
                              const Deployment& deployment,
                              const CircuitBreaker& breaker);

// How many of them trip the breaker: half of the desired tasks, at least 3 and at most 200, or what
// thresholdConfiguration says.
std::int32_t breaker_threshold(const CircuitBreaker& breaker, std::int32_t desired_count);

// How many tasks of a deployment, of those that stopped last, are enough to count its failures.
size_t most_counted(const Service& service);

// How long after the last failure the next task is started. The first attempt costs nothing; then
// 1 s, doubling to a minute for tasks that ran, to a quarter of an hour for tasks that never did.
// As many failures as there are desired tasks are an attempt, too.
std::chrono::milliseconds back_off(const Failures& failures, std::int32_t desired_count);

struct Throttle {
  Timestamp not_before = {};
  std::int32_t most_at_once = std::numeric_limits<std::int32_t>::max();
};

// What the failures mean for the next of `desired_count` tasks. When tasks do not even start, one
// is tried at a time until one does. A rollout that the circuit breaker watches is to come to its
// end instead.
Throttle throttle_of(const Failures& failures, const Service& service, std::int32_t desired_count);

}  // namespace ikada::service
