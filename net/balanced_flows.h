// The connections that this host's network load balancers (balanced_table.h) have sent to targets
// and that connection tracking still knows.
//
// Source: Linux include/uapi/linux/netfilter/nfnetlink_conntrack.h, nf_conntrack_tcp.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

struct BalancedFlow {
  std::uint32_t address = 0;  // Of the target.
  std::uint16_t port = 0;     // Likewise.
  bool is_udp = false;
  bool is_over = false;  // Both ends of a TCP connection have closed it.
  std::vector<std::byte> original = {};
};

Result<std::vector<BalancedFlow>> list_balanced_flows();

// Its next packet is a new connection's. Not an error if it is gone.
Result<void> forget_balanced_flow(const BalancedFlow& flow);

}  // namespace ikada
