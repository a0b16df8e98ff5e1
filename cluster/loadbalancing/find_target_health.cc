#include "cluster/loadbalancing/find_target_health.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "cluster/loadbalancing/group_targets.h"

namespace ikada {
namespace {

void set(TargetHealth& health, TargetState state, const char* reason, const char* description) {
  health.state = state;
  health.reason = reason;
  health.description = description;
}

TargetHealth health_of(const GroupTarget& target,
                       const std::string& group,
                       bool is_in_use,
                       const SeenTargets& seen) {
  TargetHealth health{.id = target.id, .port = target.port, .zone = target.zone};
  if (target.is_draining) {
    set(health,
        TargetState::kDraining,
        "Target.DeregistrationInProgress",
        "Target deregistration is in progress");
    return health;
  }
  if (!is_in_use) {
    set(health,
        TargetState::kUnused,
        "Target.NotInUse",
        "Target group is not configured to receive traffic from the load balancer");
    return health;
  }
  const TargetSight* sight = find_sight(seen, group, target.planned_id);
  // It may be seen as it was before it came back.
  const bool is_known = sight != nullptr && (sight->state == TargetState::kHealthy ||
                                             sight->state == TargetState::kUnhealthy);
  if (is_known) {
    health.state = sight->state;
    if (sight->state == TargetState::kHealthy) return health;
    health.reason = sight->reason.empty() ? "Target.FailedHealthChecks" : sight->reason;
    health.description = sight->description.empty() ? "Health checks failed" : sight->description;
    return health;
  }
  if (sight != nullptr) {
    set(health,
        TargetState::kInitial,
        "Elb.InitialHealthChecking",
        "Initial health checks in progress");
    return health;
  }
  set(health,
      TargetState::kInitial,
      "Elb.RegistrationInProgress",
      "Target registration is in progress");
  return health;
}

}  // namespace

std::vector<TargetHealth> find_target_health(const State& state,
                                             const ScopeState& scope,
                                             const TargetGroup& group,
                                             const SeenTargets& seen,
                                             Timestamp now) {
  const bool is_in_use = scope.groups_in_use.contains(group.name);
  const std::string name = planned_group_name(group);
  std::vector<TargetHealth> all;
  for (const GroupTarget& each : GroupTargets(state, scope, now).of(group)) {
    if (each.id.empty()) continue;
    all.push_back(health_of(each, name, is_in_use, seen));
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tie(a.id, a.port) < std::tie(b.id, b.port);
  });
  return all;
}

TargetHealth not_registered(std::string id, std::int32_t port) {
  TargetHealth health{.id = std::move(id), .port = port};
  set(health,
      TargetState::kUnused,
      "Target.NotRegistered",
      "Target is not registered to the target group");
  return health;
}

std::string_view to_text(TargetState state) {
  switch (state) {
    case TargetState::kInitial:
      return "initial";
    case TargetState::kHealthy:
      return "healthy";
    case TargetState::kUnhealthy:
      return "unhealthy";
    case TargetState::kDraining:
      return "draining";
    case TargetState::kUnused:
      return "unused";
  }
  return "";
}

}  // namespace ikada
