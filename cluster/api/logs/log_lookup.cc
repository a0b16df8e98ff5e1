#include "cluster/api/logs/log_lookup.h"

#include "cluster/api/outcome.h"

namespace ikada::logs {

Result<std::string> checked_group_name(const std::string& name) {
  if (is_log_group_name(name)) return name;
  return invalid_parameter(
      "Invalid logGroupName: 1 to 512 letters, digits and the characters . _ - / # are allowed.");
}

Result<const Kept<LogGroup>*> find_log_group(const ApiCall& call,
                                             const State& state,
                                             const std::string& name) {
  IK_LET(checked, checked_group_name(name));
  const auto& groups = state.scope(call.scope).log_groups;
  const auto found = groups.find(log_group_record_name(checked));
  if (found != groups.end()) return &found->second;
  return ecs_error("ResourceNotFoundException", "The specified log group does not exist.");
}

void describe_naming(JsonFields& fields, GroupNaming& naming) {
  fields.field("logGroupName", naming.name);
  fields.field("logGroupIdentifier", naming.identifier);
}

Result<const Kept<LogGroup>*> find_log_group(const ApiCall& call,
                                             const State& state,
                                             const GroupNaming& naming) {
  if (naming.name.empty() == naming.identifier.empty()) {
    return invalid_parameter("Exactly one of logGroupName and logGroupIdentifier is required.");
  }
  return find_log_group(
      call, state, naming.name.empty() ? log_group_of_arn(naming.identifier) : naming.name);
}

Outcome propose_group(const ApiCall& call, const LogGroup& group, std::int64_t revision) {
  Proposal proposal{.then = [](const State&) { return Json::object(); }};
  proposal.put(log_group_key(call.scope, group.name), group, revision);
  return propose(std::move(proposal));
}

}  // namespace ikada::logs
