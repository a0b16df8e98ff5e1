#include <algorithm>
#include <array>

#include "cluster/api/acm/certificate_actions.h"
#include "cluster/api/acm/certificate_lookup.h"
#include "cluster/api/reply.h"
#include "cluster/api/vault.h"
#include "cluster/auth/certificate_details.h"
#include "image/base64.h"

namespace ikada::acm {
namespace {

constexpr size_t kImportIdBytes = 16;
constexpr size_t kMaxBlob = size_t{64} << 10;
constexpr std::int64_t kMillisOfImportSecond = 1000;
constexpr std::array<std::string_view, 6> kKeyAlgorithms = {
    "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"};

struct ImportCertificateInput {
  std::string arn;
  std::string certificate;  // In base64, as the others.
  std::string key;
  std::string chain;
  std::vector<elb::TagInput> tags;
};

void describe(JsonFields& fields, ImportCertificateInput& input) {
  fields.field("CertificateArn", input.arn);
  fields.required("Certificate", input.certificate);
  fields.required("PrivateKey", input.key);
  fields.field("CertificateChain", input.chain);
  fields.field("Tags", input.tags);
}

Result<std::string> read_blob(const std::string& text, std::string_view name) {
  Result<std::string> bytes = decode_base64(text);
  if (!bytes.has_value() || bytes->size() > kMaxBlob) {
    return invalid_parameter("{}: expected at most {} bytes.", name, kMaxBlob);
  }
  return bytes;
}

Result<auth::CertificateParts> read_parts(const ImportCertificateInput& input) {
  auth::CertificateParts parts;
  IK_LET(certificate, read_blob(input.certificate, "Certificate"));
  IK_LET(key, read_blob(input.key, "PrivateKey"));
  IK_LET(chain, read_blob(input.chain, "CertificateChain"));
  parts.certificate = std::move(certificate);
  parts.key = auth::Secret(std::move(key));
  parts.chain = std::move(chain);
  Result<auth::CertificateParts> checked = auth::check_parts(parts);
  if (!checked.has_value()) {
    return invalid_parameter("{}", checked.error().message);
  }
  return checked;
}

// Its names, and that a listener could serve it now.
Result<void> take_details(ServerCertificate& certificate, const ApiCall& call) {
  IK_LET(details, auth::read_details(certificate.certificate));
  const bool is_known =
      std::ranges::find(kKeyAlgorithms, details.key_algorithm) != kKeyAlgorithms.end();
  if (!is_known) {
    return invalid_parameter(
        "The key of the certificate is not supported: RSA with 2048, 3072 or 4096 "
        "bits, or P-256, P-384, P-521.");
  }
  const std::int64_t now_s = call.now.milliseconds / kMillisOfImportSecond;
  if (details.not_before_s > now_s || details.not_after_s <= now_s) {
    return invalid_parameter("The certificate is not valid at this time.");
  }
  certificate.names = details.names;
  certificate.domain = details.common_name;
  if (certificate.domain.empty() && !details.names.empty()) {
    certificate.domain = details.names.front();
  }
  if (certificate.domain.empty()) {
    return invalid_parameter("The certificate has no name.");
  }
  if (certificate.names.empty()) certificate.names = {certificate.domain};
  certificate.not_after = {details.not_after_s * kMillisOfImportSecond};
  return {};
}

}  // namespace

// With an ARN in place of what was imported under it before; listeners then serve the new one.
Result<Outcome> import_certificate(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ImportCertificateInput>(call));
  if (call.options.vault == nullptr) {
    return ecs_error("InvalidStateException", "This manager keeps no secrets.");
  }
  IK_LET(parts, read_parts(input));
  IK_LET(tags, read_certificate_tags(input.tags));
  ServerCertificate certificate{.is_imported = true, .created_at = call.now, .tags = tags};
  std::int64_t revision = 0;
  if (input.arn.empty()) {
    certificate.id = format_request_id(call.random_hex(kImportIdBytes));
  } else {
    IK_LET(found, find_certificate(call, state, input.arn));
    if (!tags.empty()) return invalid_parameter("Tags cannot be given for a reimport.");
    if (!found->value.is_imported) {
      return invalid_parameter("{} was not imported.", input.arn);
    }
    certificate = found->value;
    revision = found->revision;
  }
  certificate.certificate = parts.certificate;
  certificate.chain = parts.chain;
  certificate.issued_at = call.now;
  IK_TRY(take_details(certificate, call));
  IK_LET(sealed, call.options.vault->seal(sealed_key_name_of(certificate.id), parts.key.reveal()));
  certificate.sealed_key = std::move(sealed);
  const std::string arn = certificate_arn(call.scope, certificate.id);
  return put_certificate(call, certificate, revision, Json{{"CertificateArn", arn}});
}

}  // namespace ikada::acm
