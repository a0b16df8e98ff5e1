#include "cluster/api/elb/action_input.h"
#include "cluster/api/elb/condition_input.h"
#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_view.h"
#include "cluster/api/elb/listener_change.h"

namespace ikada::elb {
namespace {

struct ModifyRuleInput {
  std::string arn;
  std::optional<std::vector<ConditionInput>> conditions;
  std::optional<std::vector<ActionInput>> actions;
};

void describe(JsonFields& fields, ModifyRuleInput& input) {
  fields.required("RuleArn", input.arn);
  fields.field("Conditions", input.conditions);
  fields.field("Actions", input.actions);
}

}  // namespace

Result<Outcome> modify_rule(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ModifyRuleInput>(call));
  IK_LET(found, find_rule(call, state, input.arn));
  Listener changed = found.listener->value;
  if (found.is_default) {
    return ecs_error("OperationNotPermitted", "Default rule '{}' cannot be modified", input.arn);
  }
  ListenerRule& rule = changed.rules[found.index];
  Proposal proposal{
      .then = [scope = call.scope, of = changed.balancer, listener = changed.id, id = rule.id](
                  const State& after) { return answer_rule(after, scope, of, listener, id); }};
  if (input.conditions.has_value()) {
    IK_LET(conditions, read_conditions(*input.conditions));
    rule.conditions = std::move(conditions);
  }
  if (input.actions.has_value()) {
    IK_LET(actions, read_actions(call, state, changed.balancer, *input.actions));
    IK_TRY(check_actions(
        state.scope(call.scope), found.balancer->value, found.listener->value, actions));
    rule.actions = std::move(actions);
    touch_groups(proposal, call, state, rule.actions);
  }
  proposal.put(
      listener_key(call.scope, changed.balancer, changed.id), changed, found.listener->revision);
  return propose(std::move(proposal));
}

}  // namespace ikada::elb
