#include "cluster/model/server_certificate.h"

#include <algorithm>

#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxDomain = 253;
constexpr size_t kMaxLabel = 63;

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' &&
         label.back() != '-' && std::ranges::all_of(label, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-';
         });
}

}  // namespace

void describe(JsonFields& fields, ServerCertificate& certificate) {
  fields.required("id", certificate.id);
  fields.field("imported", certificate.is_imported);
  fields.required("domain", certificate.domain);
  fields.field("names", certificate.names);
  fields.required("certificate", certificate.certificate);
  fields.field("chain", certificate.chain);
  fields.required("sealedKey", certificate.sealed_key);
  fields.field("authority", certificate.authority);
  fields.field("createdAt", certificate.created_at);
  fields.field("issuedAt", certificate.issued_at);
  fields.field("notAfter", certificate.not_after);
  fields.field("renewedAt", certificate.renewed_at);
  fields.field("requestToken", certificate.request_token);
  fields.field("tags", certificate.tags);
}

std::string certificate_arn(const Scope& scope, std::string_view id) {
  return fmt::format("arn:aws:acm:{}:{}:certificate/{}", scope.region, scope.account, id);
}

std::string sealed_key_name_of(std::string_view id) { return fmt::format("certificate/{}", id); }

bool is_renewal_due(const ServerCertificate& certificate, Timestamp now) {
  constexpr std::int64_t kPart = 3;
  if (certificate.is_imported) return false;
  const std::int64_t life = certificate.not_after.milliseconds - certificate.issued_at.milliseconds;
  return (certificate.not_after.milliseconds - now.milliseconds) * kPart <= life;
}

bool is_domain_name(std::string_view name) {
  if (name.size() > kMaxDomain) return false;
  const std::string_view rest = name.starts_with("*.") ? name.substr(2) : name;
  return std::ranges::all_of(split(rest, '.'), is_label);
}

}  // namespace ikada
