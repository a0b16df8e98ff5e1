// What a manager changes because of what nodes say and do. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cluster/agent/task_report.h"
#include "cluster/api/outcome.h"
#include "cluster/state/state.h"

namespace ikada {

// The change of the instance's record; nothing if it says so already.
std::optional<Proposal> plan_connected(const ScopeState& scope,
                                       const std::string& node,
                                       bool is_connected);

// The instance that the node has in that cluster, or would have: then it has the node's id.
std::string claimed_instance(const ScopeState& scope,
                             const std::string& node,
                             const std::string& cluster);

// The node's instance is that of `cluster` from now on; nothing if it is. The
// one of another cluster goes: kConflict if tasks run there.
Result<Proposal> plan_instance_claim(const ScopeState& scope,
                                     const std::string& node,
                                     const std::string& cluster);

// What has to change so that a node may go: nothing if it is unknown. As long as `tasks` run there
// its instance drains, and with `stops_tasks` they are told to stop, those that are targets when
// they are drained; then its records are removed.
struct LeavePlan {
  Proposal proposal = {};
  std::int32_t tasks = 0;
};
LeavePlan plan_leave(const ScopeState& scope,
                     const std::string& node,
                     bool stops_tasks,
                     Timestamp now);

// Whether the task that is reported runs on that instance, as the manager sees it.
bool may_report(const State& state, const TaskReport& report, const std::string& instance);

}  // namespace ikada
