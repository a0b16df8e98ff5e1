// Who has signed a request: AWS Signature Version 4, in the Authorization header or in a presigned
// URL.
//
//   const Result<Caller> caller = verify(request, find_key, unix_now(), {.services = {"ecs"}});
//   if (!caller.has_value()) ... caller.error().code is "InvalidSignatureException"
//
// A pure function. Stricter than AWS where AWS lets a message be read in two ways: `host`, every
// x-amz-* field and content-type must be signed; fields that may be there only once are refused
// when repeated; the body's hash is always checked, so UNSIGNED-PAYLOAD and streaming signatures
// are refused. An unknown key takes as long as a known one. It does not notice a request that is
// sent again within its five minutes: client tokens are for that. Limits on sizes, and on how often
// somebody may try, are the caller's.
//
// Source: IAM User Guide, "Create a signed AWS API request", "Troubleshoot signature failures".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/auth/access_key.h"
#include "cluster/auth/credential.h"
#include "cluster/auth/signed_request.h"
#include "runtime/base/clock.h"
#include "runtime/base/result.h"

namespace ikada::auth {

struct Caller {
  std::string access_key_id;
  std::string principal;
  std::string region;   // From the scope: whose resources are meant.
  std::string service;  // "ecs".
  UnixNanos signed_at = 0;
  bool is_presigned = false;
  bool is_temporary = false;
};

struct VerifyOptions {
  std::vector<std::string> services = {};  // Those that are served here; empty: any.
};

inline constexpr UnixNanos kMaxClockSkew = UnixNanos{5} * 60 * 1'000'000'000;

// The Error is a refusal (refusal.h) with a message for the client.
Result<Caller> verify(const SignedRequest& request,
                      const FindAccessKey& find_key,
                      UnixNanos now,
                      const VerifyOptions& options = {});

// The signature that belongs to the request under that secret; for verify() and for tests.
std::string sign(const SignedRequest& request,
                 const QueryParameters& query,
                 const Credential& credential,
                 const Secret& secret);

}  // namespace ikada::auth
