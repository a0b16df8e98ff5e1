#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_view.h"
#include "cluster/api/elb/rule_order.h"

namespace ikada::elb {
namespace {

struct RulePriority {
  std::string arn;
  std::int32_t priority = 0;
};

void describe(JsonFields& fields, RulePriority& input) {
  fields.required("RuleArn", input.arn);
  fields.required("Priority", input.priority);
}

struct SetRulePrioritiesInput {
  std::vector<RulePriority> priorities;
};

void describe(JsonFields& fields, SetRulePrioritiesInput& input) {
  fields.required("RulePriorities", input.priorities);
}

}  // namespace

Result<Outcome> set_rule_priorities(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<SetRulePrioritiesInput>(call));
  if (input.priorities.empty()) return validation_error("A rule priority must be specified");
  IK_LET(first, find_rule(call, state, input.priorities.front().arn));
  Listener changed = first.listener->value;
  std::vector<std::string> rules;
  for (const RulePriority& each : input.priorities) {
    IK_LET(found, find_rule(call, state, each.arn));
    if (found.is_default) {
      return ecs_error(
          "OperationNotPermitted", "The priority of default rule '{}' cannot be set", each.arn);
    }
    if (found.listener != first.listener) {
      return validation_error("All rules must belong to the same listener");
    }
    changed.rules[found.index].priority = each.priority;
    rules.push_back(changed.rules[found.index].id);
  }
  IK_TRY(order_rules(changed));
  Proposal proposal{
      .then = [scope = call.scope, of = changed.balancer, listener = changed.id, rules](
                  const State& after) {
        Json shown = Json::array();
        for (const std::string& each : rules) {
          for (Json& rule : answer_rule(after, scope, of, listener, each)["Rules"]) {
            shown.push_back(std::move(rule));
          }
        }
        return Json{{"Rules", std::move(shown)}};
      }};
  proposal.put(
      listener_key(call.scope, changed.balancer, changed.id), changed, first.listener->revision);
  return propose(std::move(proposal));
}

}  // namespace ikada::elb
