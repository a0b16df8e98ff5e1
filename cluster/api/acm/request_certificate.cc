#include <algorithm>

#include "cluster/api/acm/certificate_actions.h"
#include "cluster/api/acm/certificate_issue.h"
#include "cluster/api/acm/certificate_lookup.h"
#include "cluster/api/reply.h"
#include "cluster/auth/digest.h"
#include "runtime/base/text.h"

namespace ikada::acm {
namespace {

constexpr size_t kMostNames = 100;
constexpr size_t kMostCertificates = 2500;
constexpr size_t kMaxToken = 32;
constexpr size_t kIdBytes = 16;
constexpr std::int64_t kTokenMilliseconds = 3'600'000;

struct RequestCertificateInput {
  std::string domain;
  std::vector<std::string> names;
  std::optional<std::string> token;
  std::string authority;
  std::string key_algorithm = "EC_prime256v1";
  std::vector<elb::TagInput> tags;
};

void describe(JsonFields& fields, RequestCertificateInput& input) {
  fields.required("DomainName", input.domain);
  fields.field("SubjectAlternativeNames", input.names);
  fields.field("IdempotencyToken", input.token);
  fields.field("CertificateAuthorityArn", input.authority);
  fields.field("KeyAlgorithm", input.key_algorithm);
  fields.field("Tags", input.tags);
}

// All of them once, the domain first, in lower case.
Result<std::vector<std::string>> read_names(const RequestCertificateInput& input) {
  std::vector<std::string> names = {lower_case(input.domain)};
  for (const std::string& each : input.names) {
    std::string name = lower_case(each);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  for (const std::string& name : names) {
    if (!is_domain_name(name)) return invalid_parameter("'{}' is not a domain name.", name);
  }
  if (names.size() > kMostNames) {
    return ecs_error("LimitExceededException", "A certificate has at most {} names.", kMostNames);
  }
  return names;
}

Result<void> check_input(const RequestCertificateInput& input) {
  if (!input.authority.empty()) {
    return invalid_parameter(
        "CertificateAuthorityArn is not supported: the cluster has one authority.");
  }
  if (input.key_algorithm != "EC_prime256v1") {
    return invalid_parameter("KeyAlgorithm {} is not supported: certificates have EC_prime256v1.",
                             input.key_algorithm);
  }
  const bool is_token =
      !input.token.has_value() || (!input.token->empty() && input.token->size() <= kMaxToken);
  if (!is_token) return invalid_parameter("IdempotencyToken has 1 to {} characters.", kMaxToken);
  return {};
}

// What the same request has made within the hour.
const ServerCertificate* find_requested(const ScopeState& scope,
                                        const RequestCertificateInput& input,
                                        const std::vector<std::string>& names,
                                        Timestamp now) {
  if (!input.token.has_value()) return nullptr;
  for (const auto& [id, kept] : scope.certificates) {
    const bool is_same = kept.value.request_token == input.token && kept.value.names == names;
    const std::int64_t age = now.milliseconds - kept.value.created_at.milliseconds;
    if (is_same && age < kTokenMilliseconds) return &kept.value;
  }
  return nullptr;
}

// With a token one that follows from it: of two such requests at once one loses, and then finds
// what the other has made.
std::string new_id(const ApiCall& call,
                   const ScopeState& scope,
                   const RequestCertificateInput& input) {
  std::string id = format_request_id(call.random_hex(kIdBytes));
  if (!input.token.has_value()) return id;
  const std::string digest = auth::sha256_hex(*input.token + digest_of_body(call));
  std::string own = format_request_id(digest.substr(0, 2 * kIdBytes));
  return scope.certificates.contains(own) ? id : own;
}

}  // namespace

// It is ISSUED at once.
Result<Outcome> request_certificate(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<RequestCertificateInput>(call));
  IK_TRY(check_input(input));
  IK_LET(names, read_names(input));
  IK_LET(tags, read_certificate_tags(input.tags));
  const ScopeState& scope = state.scope(call.scope);
  const ServerCertificate* known = find_requested(scope, input, names, call.now);
  if (known != nullptr) {
    return answer(Json{{"CertificateArn", certificate_arn(call.scope, known->id)}});
  }
  if (scope.certificates.size() >= kMostCertificates) {
    return ecs_error(
        "LimitExceededException", "There are at most {} certificates.", kMostCertificates);
  }
  ServerCertificate certificate{.id = new_id(call, scope, input),
                                .domain = names.front(),
                                .names = names,
                                .created_at = call.now,
                                .request_token = input.token,
                                .tags = std::move(tags)};
  IK_TRY(issue(certificate, call.options, call.now));
  const std::string arn = certificate_arn(call.scope, certificate.id);
  return put_certificate(call, certificate, 0, Json{{"CertificateArn", arn}});
}

}  // namespace ikada::acm
