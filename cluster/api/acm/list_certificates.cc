#include <algorithm>

#include "cluster/api/acm/certificate_actions.h"
#include "cluster/api/acm/certificate_lookup.h"
#include "cluster/api/page.h"
#include "cluster/auth/certificate_details.h"

namespace ikada::acm {
namespace {

constexpr std::int32_t kMostItemsAskedFor = 1000;
constexpr std::int32_t kMostItemsOfPage = 100;

struct KeyTypes {
  std::vector<std::string> key_types;
};

void describe(JsonFields& fields, KeyTypes& input) { fields.field("keyTypes", input.key_types); }

struct ListCertificatesInput {
  std::vector<std::string> statuses;
  KeyTypes includes;
  std::optional<std::string> next_token;
  std::optional<std::int32_t> max_items;
  std::string order = "DESCENDING";
};

void describe(JsonFields& fields, ListCertificatesInput& input) {
  fields.field("CertificateStatuses", input.statuses);
  fields.field("Includes", input.includes);
  fields.field("NextToken", input.next_token);
  fields.field("MaxItems", input.max_items);
  fields.field("SortOrder", input.order);
}

bool is_among(const std::vector<std::string>& wanted, const std::string& value) {
  return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

// Empty if the input does not want it.
Json show_summary(const ApiCall& call,
                  const ScopeState& scope,
                  const ServerCertificate& certificate,
                  const ListCertificatesInput& input) {
  const Result<auth::CertificateDetails> details = auth::read_details(certificate.certificate);
  const std::string key = details.has_value() ? details->key_algorithm : "";
  const std::string status = certificate.not_after < call.now ? "EXPIRED" : "ISSUED";
  if (!is_among(input.statuses, status) || !is_among(input.includes.key_types, key)) return {};
  const std::string arn = certificate_arn(call.scope, certificate.id);
  Json shown = {
      {"CertificateArn", arn},
      {"DomainName", certificate.domain},
      {"SubjectAlternativeNameSummaries", certificate.names},
      {"HasAdditionalSubjectAlternativeNames", false},
      {"Status", status},
      {"Type", certificate.is_imported ? "IMPORTED" : "PRIVATE"},
      {"KeyAlgorithm", key},
      {"InUse", !balancers_using(scope, arn).empty()},
      {"RenewalEligibility", certificate.is_imported ? "INELIGIBLE" : "ELIGIBLE"},
      {"NotAfter", shown_time(certificate.not_after)},
      {"CreatedAt", shown_time(certificate.created_at)},
      {certificate.is_imported ? "ImportedAt" : "IssuedAt", shown_time(certificate.issued_at)}};
  if (details.has_value()) shown["NotBefore"] = details->not_before_s;
  return shown;
}

}  // namespace

// Those of all kinds of keys, unless the request names some: AWS without them shows RSA alone.
Result<Outcome> list_certificates(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ListCertificatesInput>(call));
  const std::int32_t limit = input.max_items.value_or(kMostItemsOfPage);
  if (limit < 1 || limit > kMostItemsAskedFor) {
    return ecs_error(
        "ValidationException", "MaxItems must be between 1 and {}.", kMostItemsAskedFor);
  }
  const ScopeState& scope = state.scope(call.scope);
  std::vector<ListItem> items;
  for (const auto& [id, kept] : scope.certificates) {
    Json shown = show_summary(call, scope, kept.value, input);
    if (shown.is_null()) continue;
    std::string key = fmt::format("{:016}/{}", kept.value.created_at.milliseconds, id);
    items.push_back({.key = std::move(key), .shown = std::move(shown)});
  }
  const PageInput page{.next_token = input.next_token,
                       .max_results = std::min(limit, kMostItemsOfPage)};
  constexpr const char* kMember = "CertificateSummaryList";
  IK_LET(shown,
         input.order == "ASCENDING" ? page_of(std::move(items), page, kMember)
                                    : page_of_descending(std::move(items), page, kMember));
  if (shown.contains("nextToken")) {
    shown["NextToken"] = shown["nextToken"];
    shown.erase("nextToken");
  }
  return answer(std::move(shown));
}

}  // namespace ikada::acm
