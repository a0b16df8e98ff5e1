// Tracked connections; and forgetting UDP flows when a published port appears or goes.
//
// The kernel translates a flow by what held when its first packet came. A client that keeps
// sending UDP from one port would reach the host's closed port, or a container long gone, for as
// long as it goes on.
//
// Source: Linux include/uapi/linux/netfilter/nfnetlink_conntrack.h.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "net/nft_plan.h"
#include "runtime/base/result.h"

namespace ikada {

// The kernel's attributes of each tracked connection of IPv4 whose mark has `mark` under `mask`. A
// kernel without connection tracking over netlink has none.
Result<std::vector<std::vector<std::byte>>> list_tracked(std::uint32_t mark, std::uint32_t mask);

// Likewise of UDP, whatever their marks. Until Linux 5.8: of other protocols, too.
Result<std::vector<std::vector<std::byte>>> list_tracked_udp();

// Forgets the connections whose CTA_TUPLE_ORIG these are. Not an error if one is gone; after any
// other the rest is forgotten all the same.
Result<void> forget_tracked(std::span<const std::vector<std::byte>> originals);

// Deletes the tracked flows towards the UDP ports among `ports`. Without any, nothing is done; a
// kernel without connection tracking over netlink is no error.
Result<void> forget_udp_flows(std::span<const PortElement> ports);

// The same of flows to this host that are not translated: they began while the ports' table was
// away.
Result<void> forget_missed_udp_flows(std::span<const PortElement> ports);

}  // namespace ikada
