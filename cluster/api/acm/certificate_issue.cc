#include "cluster/api/acm/certificate_issue.h"

#include <algorithm>

#include "cluster/api/acm/certificate_issuer.h"
#include "cluster/api/vault.h"

namespace ikada::acm {
namespace {

constexpr std::int64_t kMillisOfSecond = 1000;
constexpr size_t kMostRenewals = 10;  // In one transaction.

}  // namespace

Result<void> issue(ServerCertificate& certificate, const ApiOptions& options, Timestamp now) {
  const auth::CertificateAuthority* authority =
      options.issuer == nullptr ? nullptr : options.issuer->in_force();
  if (authority == nullptr || options.vault == nullptr) {
    return ecs_error("InvalidStateException",
                     "This host is in no cluster whose authority could issue certificates: "
                     "ikada cluster init makes one.");
  }
  const std::int64_t lifetime_s = options.certificate_lifetime.count();
  const std::int64_t now_s = now.milliseconds / kMillisOfSecond;
  const auth::Secret key = auth::generate_private_key();
  IK_LET(text,
         authority->issue_server(
             key, {.names = certificate.names, .now_s = now_s, .lifetime_s = lifetime_s}));
  IK_LET(sealed, options.vault->seal(sealed_key_name_of(certificate.id), key.reveal()));
  certificate.certificate = std::move(text);
  certificate.chain = authority->certificate();
  certificate.sealed_key = std::move(sealed);
  certificate.authority = options.issuer->digest();
  certificate.issued_at = now;
  certificate.not_after = {(now_s + lifetime_s) * kMillisOfSecond};
  return {};
}

Proposal plan_renewals(const State& state, const ApiOptions& options, Timestamp now) {
  Proposal proposal;
  if (options.issuer == nullptr || options.issuer->in_force() == nullptr) return proposal;
  for (const auto& [text, scope] : state.scopes()) {
    for (const auto& [id, kept] : scope.certificates) {
      const bool is_due =
          !kept.value.is_imported &&
          (is_renewal_due(kept.value, now) || kept.value.authority != options.issuer->digest());
      if (!is_due || proposal.changes.size() == kMostRenewals) continue;
      ServerCertificate renewed = kept.value;
      if (!issue(renewed, options, now).has_value()) continue;
      renewed.renewed_at = now;
      proposal.put(certificate_key(scope.scope, id), renewed, kept.revision);
    }
  }
  return proposal;
}

}  // namespace ikada::acm
