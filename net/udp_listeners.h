// Where programs of this process's network namespace wait for datagrams: bound sockets of UDP that
// are connected to nobody. The kernel's own are among them.
//
// Source: sock_diag(7); Linux include/uapi/linux/inet_diag.h.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

struct UdpListener {
  std::uint32_t address = 0;  // 0: each IPv4 address.
  std::uint16_t port = 0;

  bool operator==(const UdpListener&) const = default;
};

// Those that IPv4 clients reach: sockets of IPv6 may be among them.
Result<std::vector<UdpListener>> list_udp_listeners();

}  // namespace ikada
