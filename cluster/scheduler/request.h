// What is to be placed: a task's needs, where it may run, and where it runs best.
//
// Source: Amazon ECS Developer Guide, "How Amazon ECS places tasks on container instances";
// API Reference, PlacementConstraint, PlacementStrategy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/scheduler/host.h"
#include "cluster/scheduler/query.h"
#include "runtime/base/result.h"

namespace ikada::scheduler {

// What a task takes from its host as long as it is there.
struct TaskShape {
  Resources resources = {};
  std::vector<HostPort> ports = {};  // Fixed ones only: dynamic ports are the host's affair.

  bool operator==(const TaskShape&) const = default;
};

// Of a task definition: the host has the attribute and, if there is a value, with that value.
struct RequiredAttribute {
  std::string name;
  std::optional<std::string> value = {};

  bool operator==(const RequiredAttribute&) const = default;
};

enum class StrategyKind : std::uint8_t {
  kRandom,
  kSpreadHosts,      // Fewest tasks of the group on the host.
  kSpreadAttribute,  // Fewest tasks of the group on the hosts with the same value.
  kBinpackCpu,       // Least left over.
  kBinpackMemory,
};

struct Strategy {
  StrategyKind kind = StrategyKind::kRandom;
  std::string attribute = {};  // Its name, for kSpreadAttribute.

  bool operator==(const Strategy&) const = default;
};

struct Request {
  static constexpr size_t kMaxPorts = 100;
  static constexpr size_t kMaxConstraints = 10;
  static constexpr size_t kMaxStrategies = 5;
  static constexpr size_t kMaxRequiredAttributes = 200;

  TaskShape shape = {};
  std::string group = {};  // "service:NAME", "family:NAME" or the caller's own.
  std::vector<RequiredAttribute> required_attributes = {};
  bool distinct_instance = false;         // No other task of the group on the host.
  std::vector<Query> member_of = {};      // All of them select the host.
  std::vector<Strategy> strategies = {};  // In this order; none is random.
};

// kInvalid when a limit is passed or a port is asked for twice.
Result<void> check_request(const Request& request);

// Adds the constraint to the request. `type` is "distinctInstance" (then `expression` is empty) or
// "memberOf".
Result<void> add_constraint(Request& request, std::string_view type, std::string_view expression);

// `type` is "random" (no field), "spread" ("instanceId", "host" or "attribute:NAME") or "binpack"
// ("cpu" or "memory").
Result<Strategy> parse_strategy(std::string_view type, std::string_view field);

// For a service that names none: over availability zones, within a zone over hosts.
std::vector<Strategy> default_service_strategies();

}  // namespace ikada::scheduler
