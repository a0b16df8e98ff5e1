// A task as a target of its service's load balancers, as a record.
//
// A task becomes a target by running, and is one until it has been drained: deregistered_at says
// that it gets no new requests, drained_at that it may be stopped. In between its record is
// DEACTIVATING and to be STOPPED, while its host still keeps it running.
//
// Source: Amazon ECS API Reference, LoadBalancer; Developer Guide, "Task lifecycle".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/model/json_fields.h"
#include "cluster/model/timestamp.h"

namespace ikada {

inline constexpr size_t kMaxServiceLoadBalancers = 5;

// One target group of a service, and which port of its tasks is the target.
struct ServiceLoadBalancer {
  std::string target_group_arn = {};
  std::string container_name = {};
  std::int32_t container_port = 0;

  bool operator==(const ServiceLoadBalancer&) const = default;
};
void describe(JsonFields& fields, ServiceLoadBalancer& balancer);

// That somebody has deregistered the task from a group: it is no target of it any more. The task
// that takes its place is one again.
struct RemovedTarget {
  std::string target_group_arn = {};
  Timestamp removed_at = {};

  bool operator==(const RemovedTarget&) const = default;
};
void describe(JsonFields& fields, RemovedTarget& removed);

struct TaskTargets {
  std::vector<ServiceLoadBalancer> load_balancers = {};
  std::optional<Timestamp> registered_at = {};  // When it was told that it is a target.
  // Since when all its groups find it healthy; nothing if one does not, or none has looked yet.
  std::optional<Timestamp> healthy_since = {};
  std::optional<Timestamp> deregistered_at = {};
  std::optional<Timestamp> drained_at = {};
  std::vector<RemovedTarget> removed = {};

  bool operator==(const TaskTargets&) const = default;
};
void describe(JsonFields& fields, TaskTargets& targets);

// Null if nobody has deregistered the task from that group.
const RemovedTarget* find_removed(const TaskTargets& targets, std::string_view target_group_arn);

}  // namespace ikada
