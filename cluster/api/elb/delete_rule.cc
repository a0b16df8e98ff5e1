#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_lookup.h"

namespace ikada::elb {
namespace {

struct DeleteRuleInput {
  std::string arn;
};

void describe(JsonFields& fields, DeleteRuleInput& input) { fields.required("RuleArn", input.arn); }

}  // namespace

Result<Outcome> delete_rule(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DeleteRuleInput>(call));
  IK_LET(found, find_rule(call, state, input.arn));
  if (found.is_default) {
    return ecs_error("OperationNotPermitted", "Default rule '{}' cannot be deleted", input.arn);
  }
  Listener changed = found.listener->value;
  changed.rules.erase(changed.rules.begin() + static_cast<std::ptrdiff_t>(found.index));
  Proposal proposal{.then = [](const State&) { return Json::object(); }};
  proposal.put(
      listener_key(call.scope, changed.balancer, changed.id), changed, found.listener->revision);
  return propose(std::move(proposal));
}

}  // namespace ikada::elb
