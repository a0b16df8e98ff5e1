#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_attributes.h"

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
  return propose(std::move(proposal));
}

}  // namespace ikada::elb
