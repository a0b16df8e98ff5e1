#include "cluster/auth/sigv4.h"

#include <doctest/doctest.h>

#include "cluster/auth/percent_encoding.h"
#include "tests/cluster/auth/test_requests.h"

namespace ikada::auth {
namespace {

constexpr UnixNanos kSecond = 1'000'000'000;

// The refusal's code, or "accepted".
std::string verdict(const TestRequest& request,
                    const AccessKey& key,
                    UnixNanos now = example_time(),
                    const VerifyOptions& options = {}) {
  const Result<Caller> caller = verify_at(request, key, now, options);
  return caller.has_value() ? "accepted" : caller.error().code;
}

AccessKey temporary_key() {
  AccessKey key = example_key();
  key.id = "ASIAEXAMPLE";
  key.session_token = Secret("a/token+with=signs");
  key.expires_at = example_time() + 600 * kSecond;
  return key;
}

std::string& query_value(TestRequest& request) { return request.query; }

void replace(std::string& text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a signed request says who calls, and for what") {
  const AccessKey key = example_key();

  const Result<Caller> caller = verify_at(signed_run_task(key), key, example_time());

  REQUIRE(caller.has_value());
  CHECK(caller->access_key_id == "AKIDEXAMPLE");
  CHECK(caller->principal == key.principal);
  CHECK(caller->service == "ecs");
  CHECK(caller->region == "us-east-1");
  CHECK(caller->signed_at == example_time());
  CHECK_FALSE(caller->is_presigned);
  CHECK_FALSE(caller->is_temporary);
  CHECK(verify_at(presigned(key), key, example_time())->is_presigned);
}

TEST_CASE("any change to what is signed is noticed") {
  const AccessKey key = example_key();
  const auto refused = [&key](auto&& change) {
    TestRequest request = signed_run_task(key);
    change(request);
    return verdict(request, key) == "InvalidSignatureException";
  };
  CHECK(refused([](TestRequest& r) { r.method = "PUT"; }));
  CHECK(refused([](TestRequest& r) { r.path = "/x"; }));
  CHECK(refused([](TestRequest& r) { r.path = "/%2F"; }));
  CHECK(refused([](TestRequest& r) { r.query = "a"; }));
  CHECK(refused([](TestRequest& r) { r.body += ' '; }));
  CHECK(refused([](TestRequest& r) { r.body.clear(); }));
  CHECK(refused([](TestRequest& r) { *r.header("Host") = "other.example"; }));
  CHECK(refused([](TestRequest& r) { r.header("X-Amz-Target")->back() = 'K'; }));
  CHECK(refused([](TestRequest& r) { r.header("X-Amz-Date")->at(13) = '1'; }));
  CHECK(refused([](TestRequest& r) { replace(*r.header("Authorization"), "east", "west"); }));
  CHECK(refused([](TestRequest& r) { replace(*r.header("Authorization"), "/ecs/", "/ecr/"); }));
  CHECK(refused([](TestRequest& r) { replace(*r.header("Authorization"), "host;", ""); }));
  CHECK(refused([](TestRequest& r) { replace(*r.header("Authorization"), ";x-amz-target", ""); }));
  CHECK(refused(
      [](TestRequest& r) { replace(*r.header("Authorization"), "20150830/", "20150831/"); }));
  CHECK(
      refused([](TestRequest& r) { replace(*r.header("Authorization"), "aws4_request", "aws5"); }));
  CHECK(refused([](TestRequest& r) {
    char& last = r.header("Authorization")->back();
    last = last == '0' ? '1' : '0';
  }));
}

TEST_CASE("spaces that mean nothing may change on the way") {
  const AccessKey key = example_key();
  TestRequest request = signed_run_task(key);
  *request.header("Host") = " \tcluster.example:7440  ";
  replace(*request.header("Authorization"), ", SignedHeaders", ",SignedHeaders");
  CHECK(verdict(request, key) == "accepted");

  request.headers.emplace_back("X-Forwarded-For", "10.0.0.1");
  CHECK(verdict(request, key) == "accepted");
}

TEST_CASE("what must be signed must be signed") {
  const AccessKey key = example_key();
  TestRequest request = signed_run_task(key);
  request.headers.emplace_back("X-Amz-Content-Sha256", "x");
  CHECK(verdict(request, key) == "InvalidSignatureException");

  const std::vector<std::vector<std::string>> lists = {
      {"content-type", "host", "x-amz-date"},    // no x-amz-target
      {"content-type", "host", "x-amz-target"},  // no x-amz-date
      {"content-type", "x-amz-date", "x-amz-target"},
      {"host", "x-amz-date", "x-amz-target"}};
  for (const std::vector<std::string>& names : lists) {
    TestRequest partly = signed_run_task(key);
    partly.headers.pop_back();
    add_signature(partly, key, names);
    CHECK(verdict(partly, key) == "InvalidSignatureException");
  }

  // A signed name that is not there.
  TestRequest absent = signed_run_task(key);
  absent.headers.pop_back();
  add_signature(absent, key, {"content-type", "host", "x-amz-date", "x-amz-target", "x-other"});
  CHECK(verdict(absent, key) == "InvalidSignatureException");
}

TEST_CASE("fields that may be there once are refused twice") {
  const AccessKey key = example_key();
  for (const char* name : {"host", "AUTHORIZATION", "Content-Type", "x-amz-date", "X-Amz-Target"}) {
    CAPTURE(name);
    TestRequest request = signed_run_task(key);
    request.headers.emplace_back(name, "x");
    CHECK(verdict(request, key) == "InvalidSignatureException");
  }
  TestRequest request = signed_run_task(key);
  request.headers.emplace_back("Content-Length", "5");
  CHECK(verdict(request, key) == "accepted");
  request.headers.emplace_back("content-length", "5");
  CHECK(verdict(request, key) == "InvalidSignatureException");
}

TEST_CASE("the payload's hash must be the payload's") {
  const AccessKey key = example_key();
  const auto with_hash = [&key](const std::string& hash) {
    TestRequest request = signed_run_task(key);
    request.headers.pop_back();
    request.headers.emplace_back("X-Amz-Content-Sha256", hash);
    add_signature(request,
                  key,
                  {"content-type", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-target"});
    return verify_at(request, key, example_time());
  };
  // Signed over the hash of the body, so it is the claim alone that is wrong.
  for (const char* hash : {"UNSIGNED-PAYLOAD",
                           "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                           "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                           "",
                           "abc"}) {
    CAPTURE(hash);
    const Result<Caller> caller = with_hash(hash);
    REQUIRE_FALSE(caller.has_value());
    CHECK(caller.error().code == "InvalidSignatureException");
  }
  CHECK(with_hash("UNSIGNED-PAYLOAD").error().message ==
        "The payload must be signed: UNSIGNED-PAYLOAD is not supported");
}

TEST_CASE("the clock may be five minutes off, and not more") {
  const AccessKey key = example_key();
  const TestRequest request = signed_run_task(key);
  CHECK(verdict(request, key, example_time() + 300 * kSecond) == "accepted");
  CHECK(verdict(request, key, example_time() - 300 * kSecond) == "accepted");

  const Result<Caller> late = verify_at(request, key, example_time() + 301 * kSecond);
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == "InvalidSignatureException");
  CHECK(late.error().message ==
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z "
        "(20150830T124101Z - 300 s)");
  const Result<Caller> early = verify_at(request, key, example_time() - 301 * kSecond);
  REQUIRE_FALSE(early.has_value());
  CHECK(early.error().message ==
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z "
        "(20150830T123059Z + 5 min.)");
}

TEST_CASE("a presigned URL is good for as long as it says") {
  const AccessKey key = example_key();
  const TestRequest request = presigned(key);
  CHECK(verdict(request, key, example_time() + 3600 * kSecond) == "accepted");
  CHECK(verdict(request, key, example_time() + 3601 * kSecond) == "InvalidSignatureException");
  CHECK(verdict(request, key, example_time() - 301 * kSecond) == "InvalidSignatureException");
  for (const char* expires : {"0", "604801", "-1", "1x", ""}) {
    CAPTURE(expires);
    TestRequest changed = presigned(key);
    replace(query_value(changed), "Expires=3600", std::string("Expires=") + expires);
    CHECK(verdict(changed, key) == "IncompleteSignatureException");
  }
}

TEST_CASE("changes to a presigned URL are noticed") {
  const AccessKey key = example_key();
  const auto result = [&key](std::string_view from, std::string_view to) {
    TestRequest request = presigned(key);
    replace(request.query, from, to);
    return verdict(request, key);
  };
  CHECK(result("ListTasks", "StopTask") == "InvalidSignatureException");
  CHECK(result("Expires=3600", "Expires=3601") == "InvalidSignatureException");
  CHECK(result("&Empty=", "") == "InvalidSignatureException");
  CHECK(result("&Empty=", "&Empty=+") == "InvalidSignatureException");
  CHECK(result("&Empty=", "&Empty=%4") == "IncompleteSignatureException");
  CHECK(result("&Empty=", "&Empty") == "accepted");
  CHECK(result("ListTasks", "%4CistTasks") == "accepted");
  CHECK(result("SignedHeaders=host", "SignedHeaders=") == "IncompleteSignatureException");
  CHECK(result("&X-Amz-SignedHeaders=host", "") == "IncompleteSignatureException");
  CHECK(result("Action=ListTasks", "Action=ListTasks&X-Amz-Date=20150830T123600Z") ==
        "IncompleteSignatureException");

  TestRequest with_body = presigned(key);
  with_body.body = "x";
  CHECK(verdict(with_body, key) == "InvalidSignatureException");
  TestRequest with_type = presigned(key);
  with_type.headers.emplace_back("Content-Type", "text/plain");
  CHECK(verdict(with_type, key) == "accepted");
  TestRequest with_target = presigned(key);
  with_target.headers.emplace_back("X-Amz-Target", "x");
  CHECK(verdict(with_target, key) == "InvalidSignatureException");
}

TEST_CASE("two signatures, or none, are refused") {
  const AccessKey key = example_key();
  TestRequest both = presigned(key);
  both.headers = signed_run_task(key).headers;
  CHECK(verdict(both, key) == "InvalidSignatureException");
  TestRequest none = signed_run_task(key);
  none.headers.pop_back();
  CHECK(verdict(none, key) == "MissingAuthenticationTokenException");
}

TEST_CASE("unknown and inactive keys are not recognised") {
  const AccessKey key = example_key();
  AccessKey other = example_key();
  other.id = "AKIDOTHER";
  CHECK(verdict(signed_run_task(key), other) == "UnrecognizedClientException");
  AccessKey inactive = example_key();
  inactive.is_active = false;
  CHECK(verdict(signed_run_task(key), inactive) == "UnrecognizedClientException");
  AccessKey changed = example_key();
  changed.secret = Secret("other");
  CHECK(verdict(signed_run_task(key), changed) == "InvalidSignatureException");
}

TEST_CASE("a session token belongs to its key and ends") {
  const AccessKey key = temporary_key();
  for (const TestRequest& request : {signed_run_task(key), presigned(key)}) {
    CHECK(verdict(request, key) == "accepted");
    AccessKey other_token = temporary_key();
    other_token.session_token = Secret("another");
    CHECK(verdict(request, other_token) == "UnrecognizedClientException");
    AccessKey without = temporary_key();
    without.session_token = Secret();
    CHECK(verdict(request, without) == "UnrecognizedClientException");
    AccessKey expired = temporary_key();
    expired.expires_at = example_time();
    CHECK(verdict(request, expired) == "ExpiredTokenException");
    // Who does not know the secret is not told.
    expired.secret = Secret("other");
    CHECK(verdict(request, expired) == "InvalidSignatureException");
  }
  AccessKey plain = temporary_key();
  plain.session_token = Secret();
  CHECK(verdict(signed_run_task(plain), key) == "UnrecognizedClientException");
}

TEST_CASE("only the services that are served here are taken") {
  const AccessKey key = example_key();
  CHECK(verdict(signed_run_task(key), key, example_time(), {.services = {"ecr", "ecs"}}) ==
        "accepted");
  const Result<Caller> other =
      verify_at(signed_run_task(key), key, example_time(), {.services = {"ecr", "batch"}});
  REQUIRE_FALSE(other.has_value());
  CHECK(other.error().message == "Credential should be scoped to correct service: 'ecr', 'batch'.");
}

TEST_CASE("bytes that would break the canonical request apart are refused") {
  const AccessKey key = example_key();
  TestRequest request = signed_run_task(key);
  *request.header("User-Agent") = "a\nx-amz-target:b";
  CHECK(verdict(request, key) == "IncompleteSignatureException");
  request = signed_run_task(key);
  request.method = "POST\n";
  CHECK(verdict(request, key) == "IncompleteSignatureException");
}

}  // namespace ikada::auth
