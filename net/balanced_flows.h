// The connections that this host's network load balancers (balanced_table.h) have sent to targets
// and that connection tracking still knows; and those that they might have.
//
// Source: Linux include/uapi/linux/netfilter/nfnetlink_conntrack.h, nf_conntrack_tcp.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

struct BalancedFlow {
  std::uint32_t address = 0;           // Of the target.
  std::uint16_t port = 0;              // Likewise.
  std::uint32_t listener_address = 0;  // Where its client sends it.
  std::uint16_t listener_port = 0;     // Likewise.
  bool is_udp = false;
  bool is_over = false;  // Both ends of a TCP connection have closed it.
  std::vector<std::byte> original = {};
};

Result<std::vector<BalancedFlow>> list_balanced_flows();

// Flows of UDP, anybody's, that no network load balancer has sent anywhere, neither this host's nor
// another's: a listener that comes too late for their first packet never gets them.
Result<std::vector<BalancedFlow>> list_unbalanced_flows();

// Their next packets are new connections'. Not an error if one is gone.
Result<void> forget_balanced_flows(const std::vector<BalancedFlow>& flows);

}  // namespace ikada
