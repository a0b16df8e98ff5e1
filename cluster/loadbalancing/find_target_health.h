// How the targets of a group do, as DescribeTargetHealth answers and as a service looks at them.
//
// Source: Elastic Load Balancing API Reference, TargetHealth, TargetHealthDescription.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/loadbalancing/target_sights.h"
#include "cluster/state/state.h"

namespace ikada {

struct TargetHealth {
  std::string id = {};  // As it was registered: an instance's id, or an address.
  std::int32_t port = 0;
  std::string zone = {};  // Empty if it is not known.
  TargetState state = TargetState::kInitial;
  std::string reason = {};       // Empty for a healthy one, as is the description.
  std::string description = {};  // "Target registration is in progress"
};

// Of all targets of the group, by their ids and ports.
std::vector<TargetHealth> find_target_health(const State& state,
                                             const ScopeState& scope,
                                             const TargetGroup& group,
                                             const SeenTargets& seen,
                                             Timestamp now);

// Of a target that the group does not have: unused, Target.NotRegistered.
TargetHealth not_registered(std::string id, std::int32_t port);

// "initial", "healthy", "unhealthy", "draining", "unused"
std::string_view to_text(TargetState state);

}  // namespace ikada
