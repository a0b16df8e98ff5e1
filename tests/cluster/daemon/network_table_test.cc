#include "cluster/daemon/network_table.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

std::uint32_t ip(const char* text) { return parse_ipv4(text).value(); }

NetworkSight make_sight() {
  return {.node = "own",
          .address = ip("192.0.2.1"),
          .pool = parse_ipv4_subnet("10.120.0.0/16").value(),
          .published = {{.host_port = 32768, .container_ip = ip("10.88.0.5"), .container_port = 80},
                        {.udp = true,
                         .host_port = 32768,
                         .container_ip = ip("10.88.0.6"),
                         .container_port = 53}}};
}

PlannedTarget on(const char* node, const char* address, std::uint16_t port) {
  return {.address = address, .port = port, .node = node};
}

TEST_CASE("a container on this host is reached itself, by its protocol") {
  const PlannedTarget target = on("own", "192.0.2.1", 32768);

  CHECK(resolve_target(target, false, make_sight()) ==
        BalancedTarget{.address = ip("10.88.0.5"), .port = 80});
  CHECK(resolve_target(target, true, make_sight()) ==
        BalancedTarget{.address = ip("10.88.0.6"), .port = 53});
}

TEST_CASE("a program on this host is reached at its address, or where a packet comes in") {
  CHECK(resolve_target(on("own", "192.0.2.1", 8080), false, make_sight()) ==
        BalancedTarget{.address = ip("192.0.2.1"), .port = 8080});
  CHECK(resolve_target(on("", "127.0.0.1", 8080), false, {}) == BalancedTarget{.port = 8080});
}

TEST_CASE("another host is reached through the network of tasks, or with clients hidden") {
  PlannedTarget target = on("other", "192.0.2.2", 32768);
  target.tunnel = "10.120.2.1";

  CHECK(resolve_target(target, false, make_sight()) ==
        BalancedTarget{.address = ip("10.120.2.1"), .port = 32768});
  NetworkSight without = make_sight();
  without.pool.reset();
  CHECK(resolve_target(target, false, without) ==
        BalancedTarget{.address = ip("192.0.2.2"), .port = 32768, .hides_client = true});
}

TEST_CASE("tasks with addresses of their own see clients, other addresses do not") {
  CHECK_FALSE(resolve_target(on("", "10.120.7.9", 80), false, make_sight()).hides_client);
  CHECK(resolve_target(on("", "198.51.100.7", 80), false, make_sight()).hides_client);
}

TEST_CASE("addresses that balancers have alone are told once") {
  const auto at = [](const char* address) { return PlannedListener{.address = address}; };
  const BalancerPlan plan{.listeners = {at("192.0.2.9"), at(""), at("192.0.2.8"), at("192.0.2.9")}};

  CHECK(owned_addresses(plan) == std::vector{ip("192.0.2.8"), ip("192.0.2.9")});
}

TEST_CASE("a group may ask to hide clients") {
  NetworkListener listener{.port = 80, .targets = {on("own", "192.0.2.1", 8080)}};
  CHECK_FALSE(plan_network_table({listener}, make_sight()).listeners[0].targets[0].hides_client);

  listener.hides_clients = true;

  CHECK(plan_network_table({listener}, make_sight()).listeners[0].targets[0].hides_client);
}

}  // namespace
}  // namespace ikada
