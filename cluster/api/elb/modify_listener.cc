#include "cluster/api/elb/action_input.h"
#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_view.h"
#include "cluster/api/elb/listener_change.h"

namespace ikada::elb {
namespace {

struct ModifyListenerInput {
  std::string arn;
  std::optional<std::int32_t> port;
  std::optional<std::string> protocol;
  std::optional<std::string> ssl_policy;
  std::optional<std::vector<CertificateInput>> certificates;
  std::optional<std::vector<ActionInput>> actions;
};

void describe(JsonFields& fields, ModifyListenerInput& input) {
  fields.required("ListenerArn", input.arn);
  fields.field("Port", input.port);
  fields.field("Protocol", input.protocol);
  fields.field("SslPolicy", input.ssl_policy);
  fields.field("Certificates", input.certificates);
  fields.field("DefaultActions", input.actions);
}

Result<void> change_security(const LoadBalancer& balancer,
                             Listener& listener,
                             const ModifyListenerInput& input) {
  const bool was_secure = listener.protocol == "HTTPS";
  if (input.protocol.has_value()) listener.protocol = *input.protocol;
  if (was_secure && listener.protocol == "HTTP") {
    listener.certificates.clear();
    listener.ssl_policy.clear();
  }
  if (input.ssl_policy.has_value()) listener.ssl_policy = *input.ssl_policy;
  if (listener.protocol == "HTTPS" && listener.ssl_policy.empty()) {
    listener.ssl_policy = kSslPolicies[0];
  }
  if (input.certificates.has_value()) {
    if (input.certificates->size() != 1) {
      return ecs_error("TooManyCertificates", "Exactly one default certificate can be specified");
    }
    // The default one is replaced; the others stay.
    const std::string arn = input.certificates->front().arn;
    std::erase(listener.certificates, arn);
    if (!listener.certificates.empty()) listener.certificates.erase(listener.certificates.begin());
    listener.certificates.insert(listener.certificates.begin(), arn);
  }
  return check_protocol(balancer, listener);
}

}  // namespace

Result<Outcome> modify_listener(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ModifyListenerInput>(call));
  IK_LET(found, find_listener(call, state, input.arn));
  Listener changed = found.listener->value;
  Proposal proposal{
      .then = [scope = call.scope, of = changed.balancer, id = changed.id](const State& after) {
        return answer_listener(after, scope, of, id);
      }};
  if (input.port.has_value() && *input.port != changed.port) {
    release_port(proposal, call, state, changed);
    changed.port = *input.port;
    IK_TRY(take_port(proposal, call, state, found.balancer->value, changed));
  }
  IK_TRY(use_certificates(
      proposal, call, state, input.certificates.value_or(std::vector<CertificateInput>())));
  IK_TRY(change_security(found.balancer->value, changed, input));
  if (input.actions.has_value()) {
    IK_LET(actions, read_actions(call, state, changed.balancer, *input.actions));
    changed.default_actions = std::move(actions);
    touch_groups(proposal, call, state, changed.default_actions);
  }
  IK_TRY(check_actions(
      state.scope(call.scope), found.balancer->value, changed, changed.default_actions));
  proposal.put(
      listener_key(call.scope, changed.balancer, changed.id), changed, found.listener->revision);
  return propose(std::move(proposal));
}

}  // namespace ikada::elb
