// AWS's published examples: method, target, headers, body, and the signature that belongs to them.
#include <doctest/doctest.h>

#include "runtime/base/text.h"
#include "tests/cluster/auth/test_requests.h"

namespace ikada::auth {
namespace {

struct Vector {
  const char* name;
  const char* method;
  const char* path;
  const char* query;
  std::vector<std::pair<std::string, std::string>> headers;  // Besides Host and X-Amz-Date.
  const char* body;
  const char* signature;
};

// The signed headers are all there are.
TestRequest request_of(const Vector& vector) {
  TestRequest request;
  request.method = vector.method;
  request.path = vector.path;
  request.query = vector.query;
  request.headers = vector.headers;
  request.body = vector.body;
  request.headers.emplace_back("Host", "example.amazonaws.com");
  request.headers.emplace_back("X-Amz-Date", "20150830T123600Z");
  std::vector<std::string> names;
  for (const auto& [name, value] : request.headers) names.push_back(lower_case(name));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  request.headers.emplace_back(
      "Authorization",
      fmt::format("AWS4-HMAC-SHA256 "
                  "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                  "SignedHeaders={}, Signature={}",
                  join(names, ";"),
                  vector.signature));
  return request;
}

}  // namespace

// Source: aws-signing-test-suite, version 4, and AWS's documentation.
TEST_CASE("the published signatures are accepted") {
  const char* vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
  for (const Vector& vector : {
           Vector{"get-vanilla", "GET", "/", "", {}, "", vanilla},
           Vector{"get-relative-relative", "GET", "/example1/example2/../..", "", {}, "", vanilla},
           Vector{"post-vanilla",
                  "POST",
                  "/",
                  "",
                  {},
                  "",
                  "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
           Vector{"get-vanilla-empty-query-key",
                  "GET",
                  "/",
                  "Param1=value1",
                  {},
                  "",
                  "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
           Vector{"get-vanilla-query-order-key-case",
                  "GET",
                  "/",
                  "Param2=value2&Param1=value1",
                  {},
                  "",
                  "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
           Vector{"get-vanilla-query-order-encoded",
                  "GET",
                  "/",
                  "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
                  {},
                  "",
                  "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
           Vector{"get-vanilla-utf8-query",
                  "GET",
                  "/",
                  "\xE1\x88\xB4=bar",
                  {},
                  "",
                  "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
           Vector{"get-utf8",
                  "GET",
                  "/\xE1\x88\xB4",
                  "",
                  {},
                  "",
                  "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
           Vector{"get-space",
                  "GET",
                  "/example space/",
                  "",
                  {},
                  "",
                  "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
           Vector{"get-slashes",
                  "GET",
                  "//example//",
                  "",
                  {},
                  "",
                  "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
           Vector{"get-slash-pointless-dot",
                  "GET",
                  "/./example",
                  "",
                  {},
                  "",
                  "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
           Vector{"get-unreserved",
                  "GET",
                  "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                  "",
                  {},
                  "",
                  "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
           Vector{"get-header-key-duplicate",
                  "GET",
                  "/",
                  "",
                  {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
                  "",
                  "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
           Vector{"get-header-value-order",
                  "GET",
                  "/",
                  "",
                  {{"My-Header1", "value4"},
                   {"My-Header1", "value1"},
                   {"My-Header1", "value3"},
                   {"My-Header1", "value2"}},
                  "",
                  "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
           Vector{"get-header-value-trim",
                  "GET",
                  "/",
                  "",
                  {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
                  "",
                  "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
           Vector{"post-x-www-form-urlencoded",
                  "POST",
                  "/",
                  "",
                  {{"Content-Type", "application/x-www-form-urlencoded"},
                   {"Content-Length", "13"},
                   {"x-amz-content-sha256",
                    "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"}},
                  "Param1=value1",
                  "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"},
       }) {
    CAPTURE(vector.name);
    TestRequest request = request_of(vector);

    const Result<Caller> caller = verify_at(request, example_key(), example_time());
    if (!caller.has_value()) FAIL_CHECK(caller.error().message);
    if (!caller.has_value()) continue;
    CHECK(caller->service == "service");
    CHECK(caller->region == "us-east-1");

    request.header("X-Amz-Date")->at(14) = '1';
    CHECK_FALSE(verify_at(request, example_key(), example_time()).has_value());
  }
}

TEST_CASE("the published signatures with a session token are accepted") {
  AccessKey key = example_key();
  key.session_token = Secret("6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267");
  const TestRequest request =
      request_of({"get-vanilla-with-session-token",
                  "GET",
                  "/",
                  "",
                  {{"X-Amz-Security-Token", std::string(key.session_token.reveal())}},
                  "",
                  "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"});
  CHECK(verify_at(request, key, example_time()).has_value());

  AccessKey long_key = example_key();
  long_key.session_token = Secret(
      "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpS"
      "PfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDY"
      "wT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqK"
      "mlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==");
  const TestRequest posted =
      request_of({"post-sts-header-before",
                  "POST",
                  "/",
                  "",
                  {{"X-Amz-Security-Token", std::string(long_key.session_token.reveal())}},
                  "",
                  "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"});
  CHECK(verify_at(posted, long_key, example_time()).has_value());
}

TEST_CASE("the published presigned URLs are accepted") {
  AccessKey key = example_key();
  TestRequest request;
  request.method = "GET";
  request.headers = {{"Host", "example.amazonaws.com"}};
  const std::string start =
      "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2F"
      "service%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host"
      "&X-Amz-Expires=3600";
  const std::string token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
  request.query = start + "&X-Amz-Security-Token=" + token +
                  "&X-Amz-Signature="
                  "7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c";
  key.session_token = Secret(token);

  const Result<Caller> caller = verify_at(request, key, example_time());

  REQUIRE(caller.has_value());
  CHECK(caller->is_presigned);
  CHECK(caller->is_temporary);
}

}  // namespace ikada::auth
