// The routes that this host has, to find out before addresses are used whether they are somebody
// else's.
//
// Source: rtnetlink(7); Linux include/uapi/linux/rtnetlink.h.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/ipv4.h"
#include "runtime/base/result.h"

namespace ikada {

struct HostRoute {
  std::uint32_t network = 0;
  unsigned prefix_length = 0;
  std::string device;  // Empty: it has several, none, or one with an odd name.

  bool operator==(const HostRoute&) const = default;
};

// Those of the main table but default routes and those by devices of `except`.
Result<std::vector<HostRoute>> list_host_routes(std::span<const std::string_view> except);

// Addresses that nobody may take on the networks this host is on: their first and their last one,
// and those of routers.
Result<std::set<std::uint32_t>> list_fixed_addresses();

// "10.0.0.0/8 dev eth0"
std::string to_text(const HostRoute& route);
Result<HostRoute> parse_host_route(std::string_view text);

// The first of them that has an address in common with `subnet`.
std::optional<HostRoute> find_collision(std::span<const HostRoute> routes,
                                        const Ipv4Subnet& subnet);

}  // namespace ikada
