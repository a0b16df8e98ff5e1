// What requests name: groups by name or ARN.
#pragma once

#include <string>

#include "cluster/api/api_call.h"
#include "cluster/api/outcome.h"
#include "cluster/state/state.h"

namespace ikada::logs {

// InvalidParameterException for what is no name.
Result<std::string> checked_group_name(const std::string& name);

// ResourceNotFoundException.
Result<const Kept<LogGroup>*> find_log_group(const ApiCall& call,
                                             const State& state,
                                             const std::string& name);

// Of an action that names a group in one of two ways.
struct GroupNaming {
  std::string name = {};
  std::string identifier = {};  // A name or an ARN.
};
void describe_naming(JsonFields& fields, GroupNaming& naming);
Result<const Kept<LogGroup>*> find_log_group(const ApiCall& call,
                                             const State& state,
                                             const GroupNaming& naming);

Outcome propose_group(const ApiCall& call, const LogGroup& group, std::int64_t revision);

}  // namespace ikada::logs
