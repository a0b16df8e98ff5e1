#include "cluster/api/logs/log_actions.h"
#include "cluster/api/logs/log_lookup.h"

namespace ikada::logs {
namespace {

struct DeleteLogGroupInput {
  std::string name;
};

void describe(JsonFields& fields, DeleteLogGroupInput& input) {
  fields.required("logGroupName", input.name);
}

}  // namespace

// The record alone; the daemon has the hosts remove what is in it.
Result<Outcome> delete_log_group(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DeleteLogGroupInput>(call));
  IK_LET(group, find_log_group(call, state, input.name));
  Proposal proposal{.then = [](const State&) { return Json::object(); }};
  proposal.remove(log_group_key(call.scope, group->value.name), group->revision);
  return propose(std::move(proposal));
}

}  // namespace ikada::logs
