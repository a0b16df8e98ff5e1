// One step of the service scheduler: what is to be done about one service now.
//
// With D desired tasks, at least ceil(D·minimumHealthyPercent) tasks stay healthy and at most
// floor(D·maximumPercent) are there, of old and new deployments together and without those that are
// stopping. Tasks of older deployments, on hosts that are drained and with failed checks are
// replaced within these bounds. Tasks under protection stay until it ends, unless their checks
// fail.
//
// Source: Amazon ECS Developer Guide, "Service scheduler", "Rolling update", "Draining container
// instances", "Task scale-in protection"; API Reference, DeploymentConfiguration.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/service/task_health.h"

namespace ikada::service {

inline constexpr std::int32_t kDefaultMinimumHealthyPercent = 100;
inline constexpr std::int32_t kDefaultMaximumPercent = 200;

// No step stops more at once.
inline constexpr size_t kMostStops = 40;

struct Stop {
  const Task* task = nullptr;
  std::string reason = {};
};

struct Decision {
  std::optional<Service> changed = {};  // The record as it is to be, if otherwise.
  // What is to be put down of tasks as targets, by their ids; those of `stops` may be among them.
  std::map<std::string, TaskTargets> targets = {};
  std::vector<Stop> stops = {};
  std::int32_t starts = 0;  // Of the PRIMARY deployment of `changed` or the service.
  std::vector<std::string> starts_on = {};  // Of a daemon service: one task on each of these.
  std::int32_t replaced_unhealthy = 0;      // How many of them stand in for unhealthy tasks.
  std::vector<std::string> events = {};
  std::vector<std::string> repeated_events = {};  // Told when they are not the last of their kind.
  bool is_steady = false;
  std::optional<Timestamp> look_again = {};
};

Decision reconcile(const ServiceView& view);

// What a task's stoppedReason says when its service stops it.
std::string reason_to_stop(const ServiceTask& task,
                           const ServiceView& view,
                           const Deployment& primary);

// ceil(D·percent/100) and floor(D·percent/100).
std::int32_t lower_limit(std::int32_t desired_count, std::int32_t percent);
std::int32_t upper_limit(std::int32_t desired_count, std::int32_t percent);

}  // namespace ikada::service
