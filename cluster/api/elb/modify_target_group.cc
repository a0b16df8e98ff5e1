#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_view.h"
#include "cluster/api/elb/target_group_input.h"

namespace ikada::elb {
namespace {

struct ModifyTargetGroupInput {
  std::string arn;
  HealthCheckInput health_check;
};

void describe(JsonFields& fields, ModifyTargetGroupInput& input) {
  fields.required("TargetGroupArn", input.arn);
  describe(fields, input.health_check);
}

}  // namespace

Result<Outcome> modify_target_group(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ModifyTargetGroupInput>(call));
  IK_LET(found, find_target_group(call, state, input.arn));
  TargetGroup changed = found->value;
  IK_TRY(set_health_check(changed, input.health_check));
  Proposal proposal{.then = [scope = call.scope, name = changed.name](const State& after) {
    return answer_group(after, scope, name);
  }};
  proposal.put(target_group_key(call.scope, changed.name), changed, found->revision);
  return propose(std::move(proposal));
}

}  // namespace ikada::elb
