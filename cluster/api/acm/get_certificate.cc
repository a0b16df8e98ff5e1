#include "cluster/api/acm/certificate_actions.h"
#include "cluster/api/acm/certificate_lookup.h"

namespace ikada::acm {

// The private key is shown to nobody.
Result<Outcome> get_certificate(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<CertificateInput>(call));
  IK_LET(found, find_certificate(call, state, input.arn));
  Json shown = {{"Certificate", found->value.certificate}};
  if (!found->value.chain.empty()) shown["CertificateChain"] = found->value.chain;
  return answer(std::move(shown));
}

}  // namespace ikada::acm
