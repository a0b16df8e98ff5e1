#include "cluster/api/acm/certificate_actions.h"
#include "cluster/api/acm/certificate_lookup.h"

namespace ikada::acm {

Result<Outcome> delete_certificate(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<CertificateInput>(call));
  IK_LET(found, find_certificate(call, state, input.arn));
  if (!balancers_using(state.scope(call.scope), input.arn).empty()) {
    return ecs_error("ResourceInUseException",
                     "Certificate {} in account {} is in use.",
                     input.arn,
                     call.scope.account);
  }
  Proposal proposal{.then = [](const State&) { return Json::object(); }};
  proposal.remove(certificate_key(call.scope, found->value.id), found->revision);
  return propose(std::move(proposal));
}

}  // namespace ikada::acm
