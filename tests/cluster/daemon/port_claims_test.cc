#include "cluster/daemon/port_claims.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

using Clock = PortClaims::Clock;

const std::vector<NetworkListener> kOne = {{.name = "web.1/tcp", .port = 22}};

size_t served(PortClaims& claims, PortUse use, Clock::time_point now) {
  return claims
      .choose(
          kOne, [use](const NetworkListener&) { return use; }, now)
      .size();
}

bool meets(const UdpListener& program, const std::string& address) {
  return has_program({program}, {.address = address, .port = 514, .is_udp = true});
}

TEST_CASE("a new listener waits until nobody has its port") {
  PortClaims claims;
  const Clock::time_point now;

  CHECK(served(claims, PortUse::kUnknown, now) == 0);
  CHECK(claims.problems().empty());
  CHECK(served(claims, PortUse::kTaken, now) == 0);
  CHECK(claims.problems().at("web.1/tcp") == "port 22 is taken by another program");
  CHECK(served(claims, PortUse::kFree, now) == 1);
  CHECK(claims.problems().empty());
}

TEST_CASE("a listener that is served leaves its port to a program that stays") {
  PortClaims claims;
  const Clock::time_point now;
  REQUIRE(served(claims, PortUse::kFree, now) == 1);

  CHECK(served(claims, PortUse::kUnknown, now + 2 * kClaimPatience) == 1);
  const Clock::time_point taken = now + 3 * kClaimPatience;
  CHECK(served(claims, PortUse::kTaken, taken) == 1);
  CHECK(served(claims, PortUse::kFree, taken + kClaimPatience) == 1);
  CHECK(served(claims, PortUse::kTaken, taken + kClaimPatience) == 1);
  CHECK(served(claims, PortUse::kTaken, taken + 2 * kClaimPatience) == 0);
}

TEST_CASE("programs at other addresses or ports are no matter") {
  CHECK(meets({.address = 0, .port = 514}, ""));
  CHECK(meets({.address = 0xc0000201, .port = 514}, ""));
  CHECK(meets({.address = 0, .port = 514}, "192.0.2.1"));
  CHECK(meets({.address = 0xc0000201, .port = 514}, "192.0.2.1"));

  CHECK_FALSE(meets({.address = 0x7f000001, .port = 514}, ""));
  CHECK_FALSE(meets({.address = 0xc0000202, .port = 514}, "192.0.2.1"));
  CHECK_FALSE(meets({.address = 0, .port = 515}, ""));
}

}  // namespace
}  // namespace ikada
