#include "net/overlay_plan.h"

#include <algorithm>
#include <iterator>

#include "net/flow_marks.h"

namespace ikada {

MacAddress tunnel_mac_of(const Ipv4Subnet& subnet) {
  MacAddress mac = mac_of(subnet.gateway());
  // Not that of the bridge, which has the same address.
  mac[1] = 0x49;
  return mac;
}

std::uint32_t return_mark_of(const Ipv4Subnet& subnet) {
  return kReturnMarks | (subnet.network >> (32 - subnet.prefix_length) & ~kFlowMarkMask);
}

std::vector<OverlayEntry> plan_overlay_entries(const OverlayConfig& config) {
  using Kind = OverlayEntry::Kind;
  std::vector<OverlayEntry> entries;
  entries.push_back({.kind = Kind::kUnreachable,
                     .address = config.pool.network,
                     .prefix_length = config.pool.prefix_length,
                     .mac = {}});
  for (const OverlayPeer& peer : config.peers) {
    const MacAddress mac = tunnel_mac_of(peer.subnet);
    entries.push_back(
        {.kind = Kind::kForward, .address = peer.address, .prefix_length = 0, .mac = mac});
    entries.push_back({.kind = Kind::kNeighbour,
                       .address = peer.subnet.gateway(),
                       .prefix_length = 0,
                       .mac = mac});
    entries.push_back({.kind = Kind::kRoute,
                       .address = peer.subnet.network,
                       .prefix_length = peer.subnet.prefix_length,
                       .mac = {}});
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

OverlayChanges plan_overlay_changes(std::span<const OverlayEntry> found,
                                    std::span<const OverlayEntry> wanted) {
  OverlayChanges changes;
  std::set_difference(
      found.begin(), found.end(), wanted.begin(), wanted.end(), std::back_inserter(changes.remove));
  std::reverse(changes.remove.begin(), changes.remove.end());
  std::set_difference(
      wanted.begin(), wanted.end(), found.begin(), found.end(), std::back_inserter(changes.add));
  return changes;
}

}  // namespace ikada
