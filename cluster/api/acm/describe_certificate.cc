#include "cluster/api/acm/certificate_actions.h"
#include "cluster/api/acm/certificate_issue.h"
#include "cluster/api/acm/certificate_lookup.h"
#include "cluster/auth/certificate_details.h"

namespace ikada::acm {
namespace {

// Nothing had to be validated; whoever waits for it reads that it has been.
Json shown_validations(const ServerCertificate& certificate) {
  Json list = Json::array();
  for (const std::string& name : certificate.names) {
    list.push_back({{"DomainName", name},
                    {"ValidationDomain", name},
                    {"ValidationStatus", "SUCCESS"},
                    {"ValidationMethod", "DNS"}});
  }
  return list;
}

void show_private(Json& shown, const ServerCertificate& certificate) {
  shown["IssuedAt"] = shown_time(certificate.issued_at);
  shown["DomainValidationOptions"] = shown_validations(certificate);
  shown["KeyUsages"] = Json::array({{{"Name", "DIGITAL_SIGNATURE"}}});
  shown["ExtendedKeyUsages"] =
      Json::array({{{"Name", "TLS_WEB_SERVER_AUTHENTICATION"}, {"OID", "1.3.6.1.5.5.7.3.1"}}});
  if (!certificate.renewed_at.has_value()) return;
  shown["RenewalSummary"] = {{"RenewalStatus", "SUCCESS"},
                             {"DomainValidationOptions", shown_validations(certificate)},
                             {"UpdatedAt", shown_time(*certificate.renewed_at)}};
}

}  // namespace

Result<Outcome> describe_certificate(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<CertificateInput>(call));
  IK_LET(found, find_certificate(call, state, input.arn));
  const ServerCertificate& certificate = found->value;
  IK_LET(details, auth::read_details(certificate.certificate));
  const bool is_expired = certificate.not_after < call.now;
  Json shown = {{"CertificateArn", input.arn},
                {"DomainName", certificate.domain},
                {"SubjectAlternativeNames", certificate.names},
                {"Serial", details.serial},
                {"Subject", details.subject},
                {"Issuer", details.issuer},
                {"CreatedAt", shown_time(certificate.created_at)},
                {"Status", is_expired ? "EXPIRED" : "ISSUED"},
                {"NotBefore", details.not_before_s},
                {"NotAfter", details.not_after_s},
                {"KeyAlgorithm", details.key_algorithm},
                {"SignatureAlgorithm", details.signature_algorithm},
                {"InUseBy", balancers_using(state.scope(call.scope), input.arn)},
                {"Type", certificate.is_imported ? "IMPORTED" : "PRIVATE"},
                {"RenewalEligibility", certificate.is_imported ? "INELIGIBLE" : "ELIGIBLE"},
                {"Options", {{"CertificateTransparencyLoggingPreference", "DISABLED"}}}};
  if (certificate.is_imported) {
    shown["ImportedAt"] = shown_time(certificate.issued_at);
  } else {
    show_private(shown, certificate);
  }
  return answer(Json{{"Certificate", std::move(shown)}});
}

// Before it is due.
Result<Outcome> renew_certificate(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<CertificateInput>(call));
  IK_LET(found, find_certificate(call, state, input.arn));
  if (found->value.is_imported) {
    return ecs_error("ValidationException", "An imported certificate is imported again instead.");
  }
  ServerCertificate renewed = found->value;
  IK_TRY(issue(renewed, call.options, call.now));
  renewed.renewed_at = call.now;
  return put_certificate(call, renewed, found->revision);
}

}  // namespace ikada::acm
