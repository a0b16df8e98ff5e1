#include "net/route_table.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("routes are told as ip-route(8) shows them") {
  const HostRoute route{.network = 0x0a000000, .prefix_length = 8, .device = "eth0"};

  CHECK(to_text(route) == "10.0.0.0/8 dev eth0");
  CHECK(parse_host_route("10.0.0.0/8 dev eth0").value() == route);
  CHECK(to_text(parse_host_route("192.0.2.1/32").value()) == "192.0.2.1/32");
}

TEST_CASE("what is no route") {
  for (const char* text : {"",
                           "10.0.0.0",
                           "10.0.0.0/0",
                           "10.0.0.0/33",
                           "10.0.0/8 dev eth0",
                           "10.0.0.0/8 dev",
                           "10.0.0.0/8 via eth0",
                           "10.0.0.0/8 dev a/b"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_host_route(text).has_value());
  }
}

TEST_CASE("networks collide when one has addresses of the other") {
  const std::vector<HostRoute> routes = {parse_host_route("192.0.2.0/24 dev eth0").value(),
                                         parse_host_route("10.120.7.0/24 dev eth1").value(),
                                         parse_host_route("172.16.0.0/12 dev eth2").value()};
  const auto collision_of = [&](const char* subnet) {
    const auto found = find_collision(routes, parse_ipv4_subnet(subnet).value());
    return found.has_value() ? found->device : "none";
  };

  CHECK(collision_of("10.120.0.0/16") == "eth1");
  CHECK(collision_of("10.121.0.0/16") == "none");
  CHECK(collision_of("172.20.0.0/16") == "eth2");
  CHECK(collision_of("10.120.8.0/21") == "none");
}

}  // namespace
}  // namespace ikada
