// Requests for tests: owned, signed by our own sign(), easily changed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cluster/auth/sigv4.h"

namespace ikada::auth {

struct TestRequest {
  std::string method = "POST";
  std::string path = "/";
  std::string query;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // Points into this, also for the fields, which `fields` keeps.
  SignedRequest view(std::vector<HeaderField>& fields) const;

  std::string* header(std::string_view name);
};

// AKIDEXAMPLE with AWS's well-known example secret.
AccessKey example_key();
Result<Caller> verify_at(const TestRequest& request,
                         const AccessKey& key,
                         UnixNanos now,
                         const VerifyOptions& options = {});

// "2015-08-30T12:36:00Z", when AWS's examples are signed.
UnixNanos example_time();

// RunTask to ECS, signed at example_time() with all its headers.
TestRequest signed_run_task(const AccessKey& key);

// The same with the signature in the query, and no body.
TestRequest presigned(const AccessKey& key);

// Signs with exactly those headers, at example_time().
void add_signature(TestRequest& request, const AccessKey& key, std::vector<std::string> names);

}  // namespace ikada::auth
