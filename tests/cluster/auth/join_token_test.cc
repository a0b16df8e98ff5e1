#include "cluster/auth/join_token.h"

#include <array>

#include <doctest/doctest.h>

namespace ikada::auth {
namespace {

TEST_CASE("numbers in base 36") {
  CHECK(to_base36({}, 3) == "000");
  const std::array<std::uint8_t, 1> one{36};
  CHECK(to_base36(one, 3) == "010");
  const std::array<std::uint8_t, 2> two{0xff, 0xff};  // 65535 = 1*36^3 + 14*36^2 + 20*36 + 15
  CHECK(to_base36(two, 4) == "1ekf");
}

TEST_CASE("a token is read as it was written") {
  const JoinToken token{.authority = std::string(50, 'a'), .secret = generate_join_secret()};
  const Secret text = to_text(token);
  const Result<JoinToken> read = parse_join_token(std::string(text.reveal()) + "\n");
  REQUIRE(read.has_value());
  CHECK(read->authority == token.authority);
  CHECK(read->secret.reveal() == token.secret.reveal());
}

TEST_CASE("secrets differ and have 25 digits") {
  const Secret one = generate_join_secret();
  CHECK(one.reveal().size() == 25);
  CHECK(one.reveal() != generate_join_secret().reveal());
}

TEST_CASE("what is no token is refused without being repeated") {
  const std::string authority(50, 'a');
  const std::string secret(25, 'b');
  for (const std::string& wrong : {std::string(),
                                   "IKADA-2-" + authority + "-" + secret,
                                   "IKADA-1-" + authority + "-" + secret + "b",
                                   "IKADA-1-" + authority + secret,
                                   "IKADA-1-" + std::string(50, 'A') + "-" + secret,
                                   "IKADA-1-" + authority + "-" + secret + "-x"}) {
    CAPTURE(wrong);
    const Result<JoinToken> read = parse_join_token(wrong);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().message == "not a join token: expected IKADA-1-AUTHORITY-SECRET");
  }
}

}  // namespace
}  // namespace ikada::auth
