#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/listener_change.h"

namespace ikada::elb {
namespace {

struct DeleteListenerInput {
  std::string arn;
};

void describe(JsonFields& fields, DeleteListenerInput& input) {
  fields.required("ListenerArn", input.arn);
}

}  // namespace

Result<Outcome> delete_listener(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DeleteListenerInput>(call));
  IK_LET(found, find_listener(call, state, input.arn));
  Proposal proposal{.then = [](const State&) { return Json::object(); }};
  remove_listener(proposal, call, state, *found.listener);
  return propose(std::move(proposal));
}

}  // namespace ikada::elb
