#include <algorithm>

#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/listener_change.h"

namespace ikada::elb {
namespace {

constexpr size_t kMaxCertificates = 25;

struct ListenerCertificatesInput {
  std::string arn;
  std::vector<CertificateInput> certificates;
};

void describe(JsonFields& fields, ListenerCertificatesInput& input) {
  fields.required("ListenerArn", input.arn);
  fields.field("Certificates", input.certificates);
}

// The first one is the default.
Json show_certificates(const Listener& listener) {
  Json shown = Json::array();
  for (const std::string& arn : listener.certificates) {
    shown.push_back({{"CertificateArn", arn}, {"IsDefault", arn == listener.certificates.front()}});
  }
  return {{"Certificates", std::move(shown)}};
}

Result<Outcome> put_listener(const ApiCall& call,
                             const FoundListener& found,
                             const Listener& changed,
                             Proposal proposal = {}) {
  proposal.then = [shown = show_certificates(changed)](const State&) { return shown; };
  proposal.put(
      listener_key(call.scope, changed.balancer, changed.id), changed, found.listener->revision);
  return propose(std::move(proposal));
}

}  // namespace

Result<Outcome> add_listener_certificates(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ListenerCertificatesInput>(call));
  IK_LET(found, find_listener(call, state, input.arn));
  Listener changed = found.listener->value;
  if (changed.protocol != "HTTPS") {
    return ecs_error("UnsupportedProtocol", "Certificates are for HTTPS listeners");
  }
  Proposal proposal;
  IK_TRY(use_certificates(proposal, call, state, input.certificates));
  for (const CertificateInput& each : input.certificates) {
    const bool is_there =
        std::find(changed.certificates.begin(), changed.certificates.end(), each.arn) !=
        changed.certificates.end();
    if (!is_there) changed.certificates.push_back(each.arn);
  }
  if (changed.certificates.size() > kMaxCertificates) {
    return ecs_error(
        "TooManyCertificates", "A listener has at most {} certificates", kMaxCertificates);
  }
  return put_listener(call, found, changed, std::move(proposal));
}

Result<Outcome> remove_listener_certificates(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ListenerCertificatesInput>(call));
  IK_LET(found, find_listener(call, state, input.arn));
  Listener changed = found.listener->value;
  for (const CertificateInput& each : input.certificates) {
    if (!changed.certificates.empty() && changed.certificates.front() == each.arn) {
      return ecs_error("OperationNotPermitted", "The default certificate cannot be removed");
    }
    std::erase(changed.certificates, each.arn);
  }
  return put_listener(call, found, changed);
}

Result<Outcome> describe_listener_certificates(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ListenerCertificatesInput>(call));
  IK_LET(found, find_listener(call, state, input.arn));
  return answer(show_certificates(found.listener->value));
}

Result<Outcome> describe_listener_attributes(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ListenerCertificatesInput>(call));
  IK_TRY(find_listener(call, state, input.arn));
  return answer(Json{{"Attributes", Json::array()}});
}

}  // namespace ikada::elb
