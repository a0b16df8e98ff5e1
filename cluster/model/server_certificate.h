// A certificate for HTTPS listeners, as a record: one of the cluster's own authority, or one that
// was imported. Its private key is sealed.
//
//   arn:aws:acm:REGION:ACCOUNT:certificate/ID
//
// ID is a UUID, so that no file of /etc/ikada/certificates has its name.
//
// Source: AWS Certificate Manager API Reference, CertificateDetail, DomainNameString.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/model/arn.h"
#include "cluster/model/json_fields.h"
#include "cluster/model/tag.h"

namespace ikada {

struct ServerCertificate {
  std::string id = {};
  bool is_imported = false;
  std::string domain = {};
  std::vector<std::string> names = {};  // All of them, the domain first.
  std::string certificate = {};         // PEM, as the chain.
  std::string chain = {};
  std::string sealed_key = {};  // cluster/api/vault.h, under sealed_key_name_of(id).
  // Whose it is (auth::authority_digest()); empty for one that was imported.
  std::string authority = {};
  Timestamp created_at = {};
  Timestamp issued_at = {};  // Or imported, for the last time.
  Timestamp not_after = {};
  std::optional<Timestamp> renewed_at = {};  // By itself.
  std::optional<std::string> request_token = {};
  std::vector<Tag> tags = {};
};
void describe(JsonFields& fields, ServerCertificate& certificate);

std::string certificate_arn(const Scope& scope, std::string_view id);
std::string sealed_key_name_of(std::string_view id);

// Whether a third of its life or less is left. An imported one is never due.
bool is_renewal_due(const ServerCertificate& certificate, Timestamp now);

// "web.example.com", "*.example.com", "intranet": up to 253 letters, digits, '-' and '.', whose
// first label may be '*'.
bool is_domain_name(std::string_view name);

}  // namespace ikada
