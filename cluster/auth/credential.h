// What a request says about its own signature: in the header Authorization, or in the query of a
// presigned URL.
//
// Source: IAM User Guide, "Elements of an AWS API request signature", "Query parameters".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/auth/canonical_request.h"
#include "cluster/auth/signed_request.h"
#include "runtime/base/clock.h"
#include "runtime/base/result.h"

namespace ikada::auth {

struct Credential {
  std::string access_key_id;
  std::string date;  // "20150830": the day in the scope.
  std::string region;
  std::string service;
  std::string time_text;  // "20150830T123600Z".
  UnixNanos signed_at = 0;
  std::vector<std::string> signed_headers;  // In lower case, sorted, none twice.
  std::string signature;                    // 64 hexadecimal digits in lower case.
  std::string session_token;                // Empty without one.
  bool is_presigned = false;
  UnixNanos valid_for = 0;  // Of a presigned URL, from signed_at on.

  // "20150830/us-east-1/ecs/aws4_request".
  std::string scope() const;
};

// The Error is a refusal (refusal.h).
Result<Credential> read_credential(const SignedRequest& request, const QueryParameters& query);

// The value of the field; empty if there is none. `name` is in lower case.
std::string_view find_header(const SignedRequest& request, std::string_view name);
size_t count_headers(const SignedRequest& request, std::string_view name);

// "20150830T123600Z".
std::string format_basic_time(UnixNanos time);

}  // namespace ikada::auth
