// The routes that this host has, to find out before a new network is made whether it would take
// addresses from one of them.
//
// Source: rtnetlink(7); Linux include/uapi/linux/rtnetlink.h.
#pragma once

#include <optional>
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

// "10.0.0.0/8 dev eth0"
std::string to_text(const HostRoute& route);
Result<HostRoute> parse_host_route(std::string_view text);

// The first of them that has an address in common with `subnet`.
std::optional<HostRoute> find_collision(std::span<const HostRoute> routes,
                                        const Ipv4Subnet& subnet);

}  // namespace ikada
