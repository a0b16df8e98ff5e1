#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_attributes.h"
#include "cluster/api/elb/listener_change.h"

namespace ikada::elb {
namespace {

struct DeleteLoadBalancerInput {
  std::string arn;
};

void describe(JsonFields& fields, DeleteLoadBalancerInput& input) {
  fields.required("LoadBalancerArn", input.arn);
}

}  // namespace

Result<Outcome> delete_load_balancer(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DeleteLoadBalancerInput>(call));
  const Result<const Kept<LoadBalancer>*> found = find_balancer(call, state, input.arn);
  // What has gone already is deleted.
  if (!found.has_value() && found.error().code == "LoadBalancerNotFound") {
    return answer(Json::object());
  }
  if (!found.has_value()) return found.error();
  const LoadBalancer& balancer = (*found)->value;
  if (balancer_attribute(balancer, "deletion_protection.enabled") == "true") {
    return ecs_error("OperationNotPermitted",
                     "Load balancer '{}' cannot be deleted because deletion protection is enabled",
                     input.arn);
  }
  Proposal proposal{.then = [](const State&) { return Json::object(); }};
  for (const Kept<Listener>* each : listeners_of(state.scope(call.scope), balancer.name)) {
    remove_listener(proposal, call, state, *each);
  }
  release_address(proposal, call, state, balancer);
  proposal.remove(balancer_key(call.scope, balancer.name), (*found)->revision);
  return propose(std::move(proposal));
}

}  // namespace ikada::elb
