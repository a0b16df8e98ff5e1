#include "cluster/engine/user.h"

#include <string_view>

#include <doctest/doctest.h>

namespace ikada {
namespace {

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/sh\n"
    "# a comment\n"
    "broken line\n"
    "web:x:1000:1001:Web,,,:/srv/web:/bin/sh\n"
    "1234:x:77:78:a number for a name:/home/n:/bin/sh\n"
    "huge:x:4294967296:0::/:/bin/sh\n"
    "minus:x:-1:0::/:/bin/sh\n";
constexpr std::string_view kGroup =
    "root:x:0:\n"
    "www:x:1001:\n"
    "tape:x:26:root,web\n"
    "audio:x:63:web\n"
    "huge:x:4294967296:web\n";

Result<ProcessUser> resolve(std::string_view spec) {
  return resolve_user(spec, {}, kPasswd, kGroup);
}

}  // namespace

TEST_CASE("resolve_user without a user is root with root's groups and home") {
  const Result<ProcessUser> user = resolve("");

  REQUIRE(user.has_value());
  CHECK(user->uid == 0);
  CHECK(user->gid == 0);
  CHECK(user->additional_gids == std::vector<std::uint32_t>{26});
  CHECK(user->home == "/root");
}

TEST_CASE("resolve_user finds names, and the groups a name is a member of") {
  const Result<ProcessUser> user = resolve("web");

  REQUIRE(user.has_value());
  CHECK(user->uid == 1000);
  CHECK(user->gid == 1001);
  CHECK(user->additional_gids == std::vector<std::uint32_t>{26, 63});
  CHECK(user->home == "/srv/web");
}

TEST_CASE("resolve_user takes a named group alone, without memberships") {
  const Result<ProcessUser> user = resolve("web:tape");

  REQUIRE(user.has_value());
  CHECK(user->gid == 26);
  CHECK(user->additional_gids.empty());
}

TEST_CASE("resolve_user reads numbers exactly or refuses them") {
  struct Row {
    std::string_view spec;
    std::int64_t uid;  // -1: refused.
    std::uint32_t gid;
  };
  constexpr Row kRows[] = {
      {"0", 0, 0},
      {"1", 1, 0},
      {"1000", 1000, 1001},
      {"1000:0", 1000, 0},
      {"1000:7", 1000, 7},
      {"010", 10, 0},
      {"2147483647", 2147483647, 0},
      {"2147483647:2147483647", 2147483647, 2147483647},
      {"1234", 77, 78},
      {"77", 77, 78},
      {"5555", 5555, 0},
      {"5555:www", 5555, 1001},
      {"-1", -1, 0},
      {"-0", -1, 0},
      {"+0", -1, 0},
      {"+1", -1, 0},
      {"0x0", -1, 0},
      {"0x3e8", -1, 0},
      {"1e3", -1, 0},
      {"1.0", -1, 0},
      {"2147483648", -1, 0},
      {"4294967295", -1, 0},
      {"4294967296", -1, 0},
      {"18446744073709551616", -1, 0},
      {"99999999999999999999999999", -1, 0},
      {"0:4294967296", -1, 0},
      {"0:2147483648", -1, 0},
      {"0:-1", -1, 0},
      {":0", -1, 0},
      {":", -1, 0},
      {"1000:", -1, 0},
      {" 0", -1, 0},
      {"0 ", -1, 0},
      {"0\n", -1, 0},
      {"\t0", -1, 0},
      {"0:0:0", -1, 0},
      {"0:0\n", -1, 0},
      {"huge", -1, 0},
      {"minus", -1, 0},
      {"web:huge", -1, 0},
      {"nobody-here", -1, 0},
      {"web:nobody-here", -1, 0},
      {"root\nroot", -1, 0},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.spec);
    const Result<ProcessUser> user = resolve(row.spec);
    CHECK(user.has_value() == (row.uid >= 0));
    if (!user.has_value() || row.uid < 0) continue;
    CHECK(user->uid == row.uid);
    CHECK(user->gid == row.gid);
  }
}

TEST_CASE("resolve_user says which user is missing, as docker does") {
  const Result<ProcessUser> user = resolve("ghost");

  REQUIRE_FALSE(user.has_value());
  CHECK(user.error().message == "unable to find user ghost: no matching entries in passwd file");
}

TEST_CASE("resolve_user adds groups by name and number once") {
  const Result<ProcessUser> user = resolve_user("web", {"audio", "99", "99"}, kPasswd, kGroup);

  REQUIRE(user.has_value());
  CHECK(user->additional_gids == std::vector<std::uint32_t>{26, 63, 99});
}

TEST_CASE("resolve_user works without any account files") {
  const Result<ProcessUser> user = resolve_user("1000:1000", {}, "", "");

  REQUIRE(user.has_value());
  CHECK(user->uid == 1000);
  CHECK(user->home == "/");
}

}  // namespace ikada
