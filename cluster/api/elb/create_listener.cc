#include "cluster/api/elb/action_input.h"
#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_tags.h"
#include "cluster/api/elb/elb_view.h"
#include "cluster/api/elb/listener_change.h"

namespace ikada::elb {
namespace {

// So that a balancer with all its listeners and their ports goes in one transaction.
constexpr size_t kMaxListeners = 40;

struct CreateListenerInput {
  std::string balancer;
  Listener listener;
  std::vector<CertificateInput> certificates;
  std::vector<ActionInput> actions;
  std::vector<TagInput> tags;
};

void describe(JsonFields& fields, CreateListenerInput& input) {
  fields.required("LoadBalancerArn", input.balancer);
  fields.required("Protocol", input.listener.protocol);
  fields.required("Port", input.listener.port);
  fields.field("SslPolicy", input.listener.ssl_policy);
  fields.field("Certificates", input.certificates);
  fields.required("DefaultActions", input.actions);
  fields.field("Tags", input.tags);
}

}  // namespace

Result<Outcome> create_listener(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<CreateListenerInput>(call));
  IK_LET(balancer, find_balancer(call, state, input.balancer));
  Listener listener = std::move(input.listener);
  listener.balancer = balancer->value.name;
  listener.id = make_id(call);
  if (listener.protocol == "HTTPS" && listener.ssl_policy.empty()) {
    listener.ssl_policy = kSslPolicies[0];
  }
  if (input.certificates.size() > 1) {
    return ecs_error("TooManyCertificates",
                     "One certificate can be specified; AddListenerCertificates adds more");
  }
  for (const CertificateInput& each : input.certificates) listener.certificates.push_back(each.arn);
  IK_TRY(check_protocol(balancer->value, listener));
  IK_LET(actions, read_actions(call, state, listener.balancer, input.actions));
  IK_TRY(check_actions(state.scope(call.scope), balancer->value, listener, actions));
  listener.default_actions = std::move(actions);
  IK_LET(tags, read_tags(input.tags));
  listener.tags = std::move(tags);
  if (listeners_of(state.scope(call.scope), listener.balancer).size() >= kMaxListeners) {
    return ecs_error("TooManyListeners", "A load balancer has at most {} listeners", kMaxListeners);
  }
  Proposal proposal{
      .then = [scope = call.scope, of = listener.balancer, id = listener.id](const State& after) {
        return answer_listener(after, scope, of, id);
      }};
  IK_TRY(use_certificates(proposal, call, state, input.certificates));
  IK_TRY(take_port(proposal, call, state, balancer->value, listener));
  proposal.put(listener_key(call.scope, listener.balancer, listener.id), listener, 0);
  touch(proposal, balancer_key(call.scope, listener.balancer), *balancer);
  touch_groups(proposal, call, state, listener.default_actions);
  return propose(std::move(proposal));
}

}  // namespace ikada::elb
