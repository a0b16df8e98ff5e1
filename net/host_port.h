// Keeping a port of the host: a socket that is bound and does not listen.
//
// Nobody else can bind the port while the socket is open, and a packet that our nftables rules do
// not take to a container finds nobody.
//
// Source: bind(2), ip(7).
#pragma once

#include <cstdint>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct HostPort {
  std::uint32_t ip = 0;  // 0: every address of the host.
  bool udp = false;
  std::uint16_t port = 0;  // 0: the kernel chooses from ip_local_port_range.
};

struct BoundPort {
  UniqueFd socket;
  std::uint16_t port = 0;
};

// kConflict with errno_value EADDRINUSE if the port is taken: "listen tcp4 0.0.0.0:8080: bind:
// address already in use".
Result<BoundPort> bind_host_port(const HostPort& wanted);

}  // namespace ikada
