// Forgetting UDP flows when a published port appears or goes.
//
// The kernel translates a flow by what held when its first packet came. A client that keeps
// sending UDP from one port would reach the host's closed port, or a container long gone, for as
// long as it goes on.
//
// Source: Linux include/uapi/linux/netfilter/nfnetlink_conntrack.h.
#pragma once

#include <span>

#include "net/nft_plan.h"
#include "runtime/base/result.h"

namespace ikada {

// Deletes the tracked flows towards the UDP ports among `ports`. Without any, nothing is done; a
// kernel without connection tracking over netlink is no error.
Result<void> forget_udp_flows(std::span<const PortElement> ports);

}  // namespace ikada
