#include <algorithm>

#include "cluster/api/elb/action_input.h"
#include "cluster/api/elb/condition_input.h"
#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_tags.h"
#include "cluster/api/elb/elb_view.h"
#include "cluster/api/elb/listener_change.h"
#include "cluster/api/elb/rule_order.h"

namespace ikada::elb {
namespace {

constexpr size_t kMaxRules = 100;

struct CreateRuleInput {
  std::string listener;
  std::int32_t priority = 0;
  std::vector<ConditionInput> conditions;
  std::vector<ActionInput> actions;
  std::vector<TagInput> tags;
};

void describe(JsonFields& fields, CreateRuleInput& input) {
  fields.required("ListenerArn", input.listener);
  fields.required("Priority", input.priority);
  fields.required("Conditions", input.conditions);
  fields.required("Actions", input.actions);
  fields.field("Tags", input.tags);
}

}  // namespace

Result<Outcome> create_rule(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<CreateRuleInput>(call));
  IK_LET(found, find_listener(call, state, input.listener));
  if (is_network(found.balancer->value)) {
    return ecs_error("InvalidConfigurationRequest",
                     "Listeners of network load balancers have no rules");
  }
  Listener changed = found.listener->value;
  ListenerRule rule{.id = make_id(call), .priority = input.priority};
  IK_LET(conditions, read_conditions(input.conditions));
  rule.conditions = std::move(conditions);
  IK_LET(actions, read_actions(call, state, changed.balancer, input.actions));
  IK_TRY(check_actions(
      state.scope(call.scope), found.balancer->value, found.listener->value, actions));
  rule.actions = std::move(actions);
  IK_LET(tags, read_tags(input.tags));
  rule.tags = std::move(tags);
  if (changed.rules.size() >= kMaxRules) {
    return ecs_error("TooManyRules", "A listener has at most {} rules", kMaxRules);
  }
  Proposal proposal{
      .then = [scope = call.scope, of = changed.balancer, listener = changed.id, id = rule.id](
                  const State& after) { return answer_rule(after, scope, of, listener, id); }};
  touch_groups(proposal, call, state, rule.actions);
  changed.rules.push_back(std::move(rule));
  IK_TRY(order_rules(changed));
  proposal.put(
      listener_key(call.scope, changed.balancer, changed.id), changed, found.listener->revision);
  return propose(std::move(proposal));
}

}  // namespace ikada::elb
