#include "cluster/api/actions.h"
#include "cluster/api/task_placer.h"

namespace ikada {
namespace {

struct ExplainTaskInput {
  LaunchInput launch = {};
  std::vector<PlacementConstraint> placement_constraints = {};
};

void describe(JsonFields& fields, ExplainTaskInput& input) {
  describe_launch(fields, input.launch);
  fields.field("placementConstraints", input.placement_constraints);
}

}  // namespace

// Not one of ECS's actions: RunTask's question without running anything, answered for each
// container instance with everything that speaks against it, the ones that take the task first.
//
//   {"containerInstances": [{"containerInstanceArn": "…",
//                            "objections": [{"reason": "RESOURCE:MEMORY", "detail": "…"}]}]}
Result<Outcome> explain_task(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ExplainTaskInput>(call));
  IK_LET(launch, prepare_launch(call, state, input.launch));
  IK_LET(request, placement_request(launch, input.placement_constraints, {}));
  return answer({{"containerInstances",
                  call.placer->explain(state, call.scope, launch.cluster.name, request)}});
}

}  // namespace ikada
