#include "image/registry/token.h"

#include <string>

#include <doctest/doctest.h>

#include "image/base64.h"
#include "image/registry/authorization.h"
#include "image/registry/crypto_library.h"
#include "image/registry/failure.h"
#include "runtime/base/text.h"

namespace ikada::registry {
namespace {

const std::string kKey(32, 'k');

TokenClaims make_claims() {
  return {.user = "ada",
          .service = "here",
          .issued_at_s = 1000,
          .expires_at_s = 1300,
          .grants = {{.repository = "team/web", .actions = {Action::kPull, Action::kPush}}}};
}

TEST_CASE("a token is read as it was signed") {
  const std::string token = sign_token(make_claims(), kKey);

  const Result<TokenClaims> claims = verify_token(token, kKey, "here", 1100);

  REQUIRE(claims.has_value());
  CHECK(claims->user == "ada");
  CHECK(claims->expires_at_s == 1300);
  CHECK(claims->grants == make_claims().grants);
}

TEST_CASE("a token has a time, a service and one key") {
  const std::string token = sign_token(make_claims(), kKey);

  CHECK(verify_token(token, kKey, "here", 1299).has_value());
  CHECK(verify_token(token, kKey, "here", 1300).error().code == kUnauthorized);
  CHECK_FALSE(verify_token(token, kKey, "here", 900).has_value());
  CHECK_FALSE(verify_token(token, kKey, "there", 1100).has_value());
  CHECK_FALSE(verify_token(token, std::string(32, 'x'), "here", 1100).has_value());
}

TEST_CASE("no byte of a token can be changed") {
  const std::string token = sign_token(make_claims(), kKey);
  // The last character of a part of 32 bytes has bits that mean nothing.
  for (size_t i = 0; i + 1 < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(verify_token(changed, kKey, "here", 1100).has_value());
  }
  for (const char* bad : {"", ".", "..", "a.b.c", "a.b", "....", "\xff.\xff.\xff"}) {
    CHECK(verify_token(bad, kKey, "here", 1100).error().code == kUnauthorized);
  }
  CHECK_FALSE(verify_token(std::string(100'000, '.'), kKey, "here", 1100).has_value());
}

TEST_CASE("another algorithm is refused, however it is signed") {
  const std::string token = sign_token(make_claims(), kKey);
  const std::string body(split(token, '.')[1]);
  for (const char* header : {R"({"alg":"none"})",
                             R"({"alg":"HS512"})",
                             R"({"alg":["HS256"]})",
                             R"({})",
                             R"([])",
                             R"({"alg":"none","alg":"HS256"})"}) {
    std::string head = encode_base64(header);
    while (head.ends_with('=')) head.pop_back();
    const std::string signed_part = head + "." + body;
    std::string signature = encode_base64(hmac_sha256(kKey, signed_part));
    for (char& c : signature) c = c == '+' ? '-' : c == '/' ? '_' : c;
    while (signature.ends_with('=')) signature.pop_back();
    CHECK_FALSE(verify_token(signed_part + "." + signature, kKey, "here", 1100).has_value());
    CHECK_FALSE(verify_token(signed_part + ".", kKey, "here", 1100).has_value());
  }
}

TEST_CASE("authorization headers") {
  const Result<Authorization> basic = parse_authorization("Basic " + encode_base64("ada:p:w"));
  REQUIRE(std::holds_alternative<BasicAuthorization>(*basic));
  CHECK(std::get<BasicAuthorization>(*basic).user == "ada");
  CHECK(std::get<BasicAuthorization>(*basic).password == "p:w");
  CHECK(std::get<BearerAuthorization>(*parse_authorization("bearer  abc ")).token == "abc");
  CHECK(std::holds_alternative<std::monostate>(*parse_authorization("  ")));
  for (const std::string& bad : {std::string("Basic"),
                                 std::string("Basic !!!"),
                                 "Basic " + encode_base64("nocolon"),
                                 "Basic " + encode_base64(":nouser"),
                                 "Basic " + encode_base64("a\n:b"),
                                 std::string("Digest x"),
                                 std::string("Basic a b"),
                                 "Bearer " + std::string(20'000, 'x')}) {
    CHECK(parse_authorization(bad).error().code == kUnauthorized);
  }
}

TEST_CASE("challenges quote what they are given") {
  CHECK(basic_challenge("a \"b\"\r\nX: y") == "Basic realm=\"a bX: y\",charset=\"UTF-8\"");
  CHECK(bearer_challenge("https://h/token", "s", "repository:a:pull") ==
        "Bearer realm=\"https://h/token\",service=\"s\",scope=\"repository:a:pull\"");
}

}  // namespace
}  // namespace ikada::registry
