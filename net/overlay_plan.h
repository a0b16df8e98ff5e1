// What carries packets of tasks to other hosts, as data: the entries of one VXLAN device that go
// with a list of hosts, and the changes that make the kernel's entries those.
//
// Nothing is learned and nothing is flooded. For each host there are three entries, all of which
// follow from its address and the subnet of its tasks:
//
//   route      10.120.4.0/24 via 10.120.4.1, which is said to be on the device
//   neighbour  10.120.4.1 has the MAC address 02:49:0a:78:04:01
//   forward    that MAC address is behind 192.0.2.7
//
// What is in the pool and belongs to nobody is unreachable, so that no packet for a host that has
// gone leaves by the default route. Pure.
//
// Source: Linux Documentation/networking/vxlan.rst; RFC 7348; bridge(8), ip-neighbour(8).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "net/ipv4.h"

namespace ikada {

struct OverlayPeer {
  std::uint32_t address = 0;  // Where the host is.
  Ipv4Subnet subnet;          // Of its tasks.
};

struct OverlayConfig {
  Ipv4Subnet pool;
  Ipv4Subnet subnet;          // Of this host's tasks; its first address is the bridge's.
  std::uint32_t address = 0;  // Where this host is.
  // It is on one of the host's own interfaces; otherwise others translate it.
  bool is_address_local = true;
  std::uint32_t vni = 0;
  std::uint16_t port = 0;
  std::vector<OverlayPeer> peers;
};

// The MAC address of a host's VXLAN device.
MacAddress tunnel_mac_of(const Ipv4Subnet& subnet);

// The mark of what has come from that host and whose answers go back there (flow_marks.h). Hosts of
// one pool have different ones.
std::uint32_t return_mark_of(const Ipv4Subnet& subnet);

struct OverlayEntry {
  enum class Kind { kForward, kNeighbour, kRoute, kUnreachable };
  Kind kind = Kind::kForward;
  std::uint32_t address = 0;   // The host's, the gateway's, or the network.
  unsigned prefix_length = 0;  // Of routes.
  MacAddress mac{};            // Of neighbours and forward entries.

  auto operator<=>(const OverlayEntry&) const = default;
};

// Sorted.
std::vector<OverlayEntry> plan_overlay_entries(const OverlayConfig& config);

struct OverlayChanges {
  std::vector<OverlayEntry> remove;  // Routes first.
  std::vector<OverlayEntry> add;     // Routes last.

  bool empty() const { return remove.empty() && add.empty(); }
};
// Both sorted.
OverlayChanges plan_overlay_changes(std::span<const OverlayEntry> found,
                                    std::span<const OverlayEntry> wanted);

}  // namespace ikada
