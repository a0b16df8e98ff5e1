#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_lookup.h"

namespace ikada::elb {
namespace {

struct DeleteTargetGroupInput {
  std::string arn;
};

void describe(JsonFields& fields, DeleteTargetGroupInput& input) {
  fields.required("TargetGroupArn", input.arn);
}

}  // namespace

Result<Outcome> delete_target_group(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DeleteTargetGroupInput>(call));
  const Result<const Kept<TargetGroup>*> found = find_target_group(call, state, input.arn);
  // What has gone already is deleted.
  if (!found.has_value() && found.error().code == "TargetGroupNotFound") {
    return answer(Json::object());
  }
  if (!found.has_value()) return found.error();
  const TargetGroup& group = (*found)->value;
  if (!balancers_of_group(state.scope(call.scope), group.name).empty()) {
    return ecs_error("ResourceInUse",
                     "Target group '{}' is currently in use by a listener or a rule",
                     input.arn);
  }
  Proposal proposal{.then = [](const State&) { return Json::object(); }};
  proposal.remove(target_group_key(call.scope, group.name), (*found)->revision);
  return propose(std::move(proposal));
}

}  // namespace ikada::elb
