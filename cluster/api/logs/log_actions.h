// The actions of CloudWatch Logs' API, version 2014-03-28.
//
// Those on groups read the state and propose changes as those of ECS do (actions.h). Those on what
// streams hold are asked of hosts: here is only what to ask, and what of the answers is shown
// (content_requests.h).
//
// Source: Amazon CloudWatch Logs API Reference.
#pragma once

#include "cluster/api/actions.h"

namespace ikada::logs {

inline constexpr std::string_view kTargetPrefix = "Logs_20140328.";

Result<Outcome> create_log_group(const ApiCall& call, const State& state);
Result<Outcome> delete_log_group(const ApiCall& call, const State& state);
Result<Outcome> delete_retention_policy(const ApiCall& call, const State& state);
Result<Outcome> describe_log_groups(const ApiCall& call, const State& state);
Result<Outcome> list_tags_for_resource(const ApiCall& call, const State& state);
Result<Outcome> list_tags_log_group(const ApiCall& call, const State& state);
Result<Outcome> put_retention_policy(const ApiCall& call, const State& state);
Result<Outcome> tag_log_group(const ApiCall& call, const State& state);
Result<Outcome> tag_resource(const ApiCall& call, const State& state);
Result<Outcome> untag_log_group(const ApiCall& call, const State& state);
Result<Outcome> untag_resource(const ApiCall& call, const State& state);

// Null for a name that is no action, or one on what streams hold.
const ActionEntry* find_action(std::string_view name);

}  // namespace ikada::logs
