#include "cluster/engine/identity_files.h"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("plan_hosts has the container's own name and the extra hosts") {
  const Result<std::string> hosts = plan_hosts({.hostname = "web",
                                                .domainname = "lan",
                                                .address = "10.88.0.5",
                                                .extra_hosts = {"db:10.0.0.9", "me:host-gateway"},
                                                .gateway = "10.88.0.1"});

  REQUIRE(hosts.has_value());
  CHECK(hosts->ends_with("10.0.0.9\tdb\n10.88.0.1\tme\n10.88.0.5\tweb.lan web\n"));
  CHECK(hosts->starts_with("127.0.0.1\tlocalhost\n"));
}

TEST_CASE("plan_hosts lets no value add a line of its own") {
  for (const std::string bad : {"a:1.2.3.4\n6.6.6.6 evil",
                                "a\nb:1.2.3.4",
                                "a:1.2.3.4 evil",
                                "a b:1.2.3.4",
                                "a:not-an-address",
                                "a:",
                                ":1.2.3.4",
                                "a",
                                "",
                                "a:1.2.3.4\r",
                                "-a:1.2.3.4"}) {
    CAPTURE(bad);
    CHECK_FALSE(check_extra_host(bad).has_value());
    CHECK_FALSE(plan_hosts({.hostname = "web", .extra_hosts = {bad}}).has_value());
  }
}

TEST_CASE("plan_hosts takes IPv6 addresses, with brackets or without") {
  CHECK(check_extra_host("db:::1").has_value());
  CHECK(check_extra_host("db:[fd00::5]").has_value());
}

TEST_CASE("check_hostname takes names of hosts and nothing else") {
  for (const std::string good : {"web", "web-1", "a.b.c", "WEB_1"}) {
    CAPTURE(good);
    CHECK(check_hostname(good).has_value());
  }
  for (const std::string& bad : {std::string(),
                                 std::string("a\nb"),
                                 std::string("a b"),
                                 std::string("-a"),
                                 std::string("a-"),
                                 std::string("a..b"),
                                 std::string("a/b"),
                                 std::string(64, 'a'),
                                 std::string("a:b"),
                                 std::string("a\0b", 3)}) {
    CAPTURE(bad);
    CHECK_FALSE(check_hostname(bad).has_value());
  }
}

}  // namespace ikada
