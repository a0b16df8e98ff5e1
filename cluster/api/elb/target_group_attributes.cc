#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_attributes.h"

namespace ikada::elb {
namespace {

struct GroupAttributesInput {
  std::string arn;
  std::vector<AttributeInput> attributes;
};

void describe(JsonFields& fields, GroupAttributesInput& input) {
  fields.required("TargetGroupArn", input.arn);
  fields.field("Attributes", input.attributes);
}

}  // namespace

Result<Outcome> describe_target_group_attributes(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<GroupAttributesInput>(call));
  IK_LET(found, find_target_group(call, state, input.arn));
  return answer(Json{{"Attributes", show_group_attributes(found->value)}});
}

Result<Outcome> modify_target_group_attributes(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<GroupAttributesInput>(call));
  IK_LET(found, find_target_group(call, state, input.arn));
  TargetGroup changed = found->value;
  IK_TRY(set_group_attributes(changed, input.attributes));
  Proposal proposal{.then = [shown = show_group_attributes(changed)](const State&) {
    return Json{{"Attributes", shown}};
  }};
  proposal.put(target_group_key(call.scope, changed.name), changed, found->revision);
  return propose(std::move(proposal));
}

}  // namespace ikada::elb
