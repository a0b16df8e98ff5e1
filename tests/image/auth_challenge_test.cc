#include "image/auth_challenge.h"

#include <doctest/doctest.h>

#include "image/base64.h"

namespace ikada {
namespace {

TEST_CASE("challenges are read with quotes, escapes and odd spaces") {
  const auto bearer = parse_auth_challenges(
      R"(Bearer realm="https://auth.docker.io/t" , service=registry.docker.io,SCOPE="a,b \"c\"")");
  REQUIRE(bearer.size() == 1);
  CHECK(bearer[0].scheme == "bearer");
  CHECK(bearer[0].parameters.at("realm") == "https://auth.docker.io/t");
  CHECK(bearer[0].parameters.at("service") == "registry.docker.io");
  CHECK(bearer[0].parameters.at("scope") == "a,b \"c\"");

  const auto both = parse_auth_challenges("Basic realm=\"x\", Bearer realm=\"y\"");
  REQUIRE(both.size() == 2);
  CHECK(both[0].scheme == "basic");
  CHECK(both[1].parameters.at("realm") == "y");

  CHECK(parse_auth_challenges("Negotiate, Basic realm = x").size() == 2);
}

TEST_CASE("reading stops at a mistake") {
  CHECK(parse_auth_challenges("").empty());
  CHECK(parse_auth_challenges(",,,").empty());
  CHECK(parse_auth_challenges("\"").empty());
  CHECK(parse_auth_challenges("Bearer realm=\"never closed").empty());
  CHECK(parse_auth_challenges("Basic realm=x, Bearer realm=").size() == 1);
  CHECK(parse_auth_challenges(std::string(100'000, ',') + "Basic").size() == 1);
}

TEST_CASE("base64 is the RFC's, both ways") {
  // Source: RFC 4648, section 10.
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, packed] : rows) {
    CHECK(encode_base64(plain) == packed);
    CHECK(decode_base64(packed).value() == plain);
  }
  CHECK(decode_base64(encode_base64(std::string("\xff\0\x80", 3))).value() ==
        std::string("\xff\0\x80", 3));
  for (const char* bad : {"Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm 9", "Zm9-"}) {
    CAPTURE(bad);
    CHECK(!decode_base64(bad).has_value());
  }
}

}  // namespace
}  // namespace ikada
