#include "cluster/auth/sigv4.h"

#include <algorithm>
#include <array>

#include "cluster/auth/canonical_request.h"
#include "cluster/auth/digest.h"
#include "cluster/auth/refusal.h"
#include "runtime/base/random_id.h"
#include "runtime/base/text.h"

namespace ikada::auth {
namespace {

constexpr std::string_view kSignatureParameter = "X-Amz-Signature";
constexpr std::string_view kContentHash = "x-amz-content-sha256";
// Stands in for the secret of a key that does not exist, so that it takes as long.
constexpr std::string_view kNoSecret = "0000000000000000000000000000000000000000";

// Those of which two could be read in two ways.
constexpr std::array<std::string_view, 9> kSingleHeaders = {"authorization",
                                                            "content-length",
                                                            "content-type",
                                                            "host",
                                                            "transfer-encoding",
                                                            "x-amz-date",
                                                            "x-amz-security-token",
                                                            "x-amz-target",
                                                            "x-amz-content-sha256"};

Error invalid(std::string_view message) { return refuse(Refusal::kInvalidSignature, message); }

Result<void> check_fields(const SignedRequest& request) {
  for (const std::string_view name : kSingleHeaders) {
    if (count_headers(request, name) > 1) {
      return invalid(fmt::format("The header '{}' is given twice", name));
    }
  }
  // Both would let one canonical request stand for two requests.
  const bool has_line_end =
      std::any_of(request.headers.begin(), request.headers.end(), [](const HeaderField& field) {
        return field.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
      });
  const bool is_method = std::all_of(request.method.begin(), request.method.end(), [](char letter) {
    return letter >= 'A' && letter <= 'Z';
  });
  if (has_line_end || !is_method) {
    return refuse(Refusal::kIncomplete, "The request has a character where it cannot be");
  }
  return {};
}

Result<void> check_signed_headers(const SignedRequest& request, const Credential& credential) {
  const auto is_signed = [&credential](std::string_view name) {
    return std::binary_search(
        credential.signed_headers.begin(), credential.signed_headers.end(), name, std::less<>());
  };
  for (const std::string& name : credential.signed_headers) {
    if (count_headers(request, name) == 0) {
      return invalid(fmt::format("The signed header '{}' is not in the request", name));
    }
  }
  if (!is_signed("host"))
    return invalid("'Host' must be a 'SignedHeader' in the AWS Authorization.");
  for (const HeaderField& field : request.headers) {
    const std::string name = lower_case(field.name);
    // Without a body its type says nothing; clients add one to a presigned URL.
    const bool must_be =
        name.starts_with("x-amz-") ||
        (name == "content-type" && !(credential.is_presigned && request.body.empty()));
    if (must_be && !is_signed(name)) {
      return invalid(fmt::format("'{}' must be a 'SignedHeader' in the AWS Authorization.", name));
    }
  }
  return {};
}

// Header or parameter: the hash that the client names must be the body's.
Result<void> check_content_hash(const SignedRequest& request,
                                const QueryParameters& query,
                                std::string_view body_hash) {
  std::vector<std::string_view> claims;
  if (count_headers(request, kContentHash) > 0) {
    claims.push_back(trim(find_header(request, kContentHash)));
  }
  for (const auto& [name, value] : query) {
    if (lower_case(name) == kContentHash) claims.push_back(value);
  }
  for (const std::string_view claim : claims) {
    if (claim == body_hash) continue;
    if (claim.starts_with("UNSIGNED") || claim.starts_with("STREAMING")) {
      return invalid(fmt::format("The payload must be signed: {} is not supported", claim));
    }
    return invalid("The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  return {};
}

Result<void> check_time(const Credential& credential, UnixNanos now) {
  const std::string now_text = format_basic_time(now);
  if (credential.signed_at > now + kMaxClockSkew) {
    return invalid(fmt::format("Signature not yet current: {} is still later than {} ({} + 5 min.)",
                               credential.time_text,
                               format_basic_time(now + kMaxClockSkew),
                               now_text));
  }
  const UnixNanos valid_for = credential.is_presigned ? credential.valid_for : kMaxClockSkew;
  if (now - credential.signed_at <= valid_for) return {};
  return invalid(fmt::format("Signature expired: {} is now earlier than {} ({} - {} s)",
                             credential.time_text,
                             format_basic_time(now - valid_for),
                             now_text,
                             valid_for / 1'000'000'000));
}

Result<void> check_service(const Credential& credential, const std::vector<std::string>& services) {
  if (services.empty() ||
      std::find(services.begin(), services.end(), credential.service) != services.end()) {
    return {};
  }
  return invalid(
      fmt::format("Credential should be scoped to correct service: '{}'.", join(services, "', '")));
}

std::string sign_with_hash(const SignedRequest& request,
                           const QueryParameters& query,
                           const Credential& credential,
                           const Secret& secret,
                           std::string_view body_hash) {
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}",
                  request.method,
                  canonical_path(request.path),
                  canonical_query(query, credential.is_presigned ? kSignatureParameter : ""),
                  canonical_headers(request.headers, credential.signed_headers),
                  join(credential.signed_headers, ";"),
                  body_hash);
  const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}",
                                          credential.time_text,
                                          credential.scope(),
                                          sha256_hex(canonical));
  const Secret first("AWS4" + std::string(secret.reveal()));
  Sha256 key = hmac_sha256(first.reveal(), credential.date);
  for (const std::string_view part : {std::string_view(credential.region),
                                      std::string_view(credential.service),
                                      std::string_view("aws4_request"),
                                      std::string_view(to_sign)}) {
    key = hmac_sha256(bytes_of(key), part);
  }
  return to_hex(key.data(), key.size());
}

// The key's own token and nothing else; only who knows the secret hears that it has expired.
Result<void> check_session(const Credential& credential, const AccessKey& key, UnixNanos now) {
  if (!is_equal_in_constant_time(credential.session_token, key.session_token.reveal())) {
    return refuse(Refusal::kUnrecognizedClient,
                  "The security token included in the request is invalid.");
  }
  if (key.expires_at.has_value() && now >= *key.expires_at) {
    return refuse(Refusal::kExpiredToken, "The security token included in the request is expired");
  }
  return {};
}

}  // namespace

std::string sign(const SignedRequest& request,
                 const QueryParameters& query,
                 const Credential& credential,
                 const Secret& secret) {
  return sign_with_hash(request, query, credential, secret, sha256_hex(request.body));
}

Result<Caller> verify(const SignedRequest& request,
                      const FindAccessKey& find_key,
                      UnixNanos now,
                      const VerifyOptions& options) {
  const Result<QueryParameters> query = parse_query(request.query);
  if (!query.has_value()) return refuse(Refusal::kIncomplete, query.error().message);
  IK_TRY(check_fields(request));
  IK_LET(credential, read_credential(request, *query));
  IK_TRY(check_signed_headers(request, credential));
  const std::string body_hash = sha256_hex(request.body);
  IK_TRY(check_content_hash(request, *query, body_hash));
  IK_TRY(check_service(credential, options.services));
  IK_TRY(check_time(credential, now));

  const AccessKey* key = find_key(credential.access_key_id);
  const bool is_known = key != nullptr && key->is_active;
  const Secret secret = is_known ? key->secret : Secret(std::string(kNoSecret));
  const std::string expected = sign_with_hash(request, *query, credential, secret, body_hash);
  const bool fits = is_equal_in_constant_time(expected, credential.signature);
  if (!is_known) {
    return refuse(Refusal::kUnrecognizedClient,
                  "The security token included in the request is invalid.");
  }
  if (!fits) {
    return invalid(
        "The request signature we calculated does not match the signature you provided. Check your "
        "AWS Secret Access Key and signing method. Consult the service documentation for details.");
  }
  IK_TRY(check_session(credential, *key, now));
  return Caller{.access_key_id = key->id,
                .principal = key->principal,
                .region = credential.region,
                .service = credential.service,
                .signed_at = credential.signed_at,
                .is_presigned = credential.is_presigned,
                .is_temporary = !key->session_token.empty()};
}

}  // namespace ikada::auth
