#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_attributes.h"
#include "cluster/loadbalancing/access_log_line.h"
#include "cluster/model/log_group.h"

namespace ikada::elb {
namespace {

struct BalancerAttributesInput {
  std::string arn;
  std::vector<AttributeInput> attributes;
};

void describe(JsonFields& fields, BalancerAttributesInput& input) {
  fields.required("LoadBalancerArn", input.arn);
  fields.field("Attributes", input.attributes);
}

}  // namespace

Result<Outcome> describe_load_balancer_attributes(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<BalancerAttributesInput>(call));
  IK_LET(found, find_balancer(call, state, input.arn));
  return answer(Json{{"Attributes", show_balancer_attributes(found->value)}});
}

Result<Outcome> modify_load_balancer_attributes(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<BalancerAttributesInput>(call));
  IK_LET(found, find_balancer(call, state, input.arn));
  LoadBalancer changed = found->value;
  IK_TRY(set_balancer_attributes(changed, input.attributes));
  Proposal proposal{.then = [shown = show_balancer_attributes(changed)](const State&) {
    return Json{{"Attributes", shown}};
  }};
  proposal.put(balancer_key(call.scope, changed.name), changed, found->revision);
  const std::string group = access_log_group(changed);
  const auto& groups = state.scope(call.scope).log_groups;
  if (!group.empty() && groups.find(log_group_record_name(group)) == groups.end()) {
    proposal.put(
        log_group_key(call.scope, group), LogGroup{.name = group, .created_at = call.now}, 0);
  }
  return propose(std::move(proposal));
}

}  // namespace ikada::elb
