#include "net/overlay_entries.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>

#include "net/netlink_answer.h"

namespace ikada {

namespace {

// Of our routes: whoever lists them sees whose they are, and nobody else's are touched.
constexpr unsigned char kRouteOrigin = 74;

MacAddress mac_in(NetlinkBytes bytes) {
  MacAddress mac{};
  if (bytes.size() == mac.size()) memcpy(mac.data(), bytes.data(), mac.size());
  return mac;
}

Result<void> list_neighbours(NetlinkSocket& socket,
                             unsigned char family,
                             int index,
                             std::vector<OverlayEntry>& entries) {
  NetlinkBatch batch;
  batch.begin(RTM_GETNEIGH, NLM_F_DUMP);
  ndmsg wanted{};
  wanted.ndm_family = family;
  batch.put(wanted);
  IK_LET(messages, ask_kernel(socket, batch, "list neighbours"));
  for (const std::vector<std::byte>& message : messages) {
    const auto header = header_of<ndmsg>(message);
    const NetlinkBytes attributes = attributes_of<ndmsg>(message);
    if (header.ndm_ifindex != index || (header.ndm_state & NUD_PERMANENT) == 0) continue;
    entries.push_back({.kind = family == AF_BRIDGE ? OverlayEntry::Kind::kForward
                                                   : OverlayEntry::Kind::kNeighbour,
                       .address = ntohl(find_number<std::uint32_t>(attributes, NDA_DST)),
                       .prefix_length = 0,
                       .mac = mac_in(find_attribute(attributes, NDA_LLADDR))});
  }
  return {};
}

Result<void> list_routes(NetlinkSocket& socket, std::vector<OverlayEntry>& entries) {
  NetlinkBatch batch;
  batch.begin(RTM_GETROUTE, NLM_F_DUMP);
  rtmsg wanted{};
  wanted.rtm_family = AF_INET;
  batch.put(wanted);
  IK_LET(messages, ask_kernel(socket, batch, "list routes"));
  for (const std::vector<std::byte>& message : messages) {
    const auto header = header_of<rtmsg>(message);
    if (header.rtm_protocol != kRouteOrigin || header.rtm_table != RT_TABLE_MAIN) continue;
    const NetlinkBytes attributes = attributes_of<rtmsg>(message);
    entries.push_back({.kind = header.rtm_type == RTN_UNREACHABLE ? OverlayEntry::Kind::kUnreachable
                                                                  : OverlayEntry::Kind::kRoute,
                       .address = ntohl(find_number<std::uint32_t>(attributes, RTA_DST)),
                       .prefix_length = header.rtm_dst_len,
                       .mac = {}});
  }
  return {};
}

void put_route(NetlinkBatch& batch,
               bool is_new,
               const OverlayEntry& entry,
               std::uint32_t index,
               std::uint32_t source) {
  const bool is_open = entry.kind == OverlayEntry::Kind::kRoute;
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_dst_len = static_cast<unsigned char>(entry.prefix_length);
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = kRouteOrigin;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = is_open ? RTN_UNICAST : RTN_UNREACHABLE;
  header.rtm_flags = is_open ? RTNH_F_ONLINK : 0;
  batch.begin(is_new ? RTM_NEWROUTE : RTM_DELROUTE, is_new ? NLM_F_CREATE | NLM_F_REPLACE : 0);
  batch.put(header);
  batch.attribute(RTA_DST, htonl(entry.address));
  if (!is_open) return;
  batch.attribute(RTA_OIF, index);
  batch.attribute(RTA_GATEWAY, htonl(entry.address + 1));
  if (is_new) batch.attribute(RTA_PREFSRC, htonl(source));
}

void put_neighbour(NetlinkBatch& batch, bool is_new, const OverlayEntry& entry, int index) {
  const bool is_forward = entry.kind == OverlayEntry::Kind::kForward;
  ndmsg header{};
  header.ndm_family = is_forward ? AF_BRIDGE : AF_INET;
  header.ndm_ifindex = index;
  header.ndm_state = is_forward ? NUD_PERMANENT | NUD_NOARP : NUD_PERMANENT;
  header.ndm_flags = is_forward ? NTF_SELF : 0;
  batch.begin(is_new ? RTM_NEWNEIGH : RTM_DELNEIGH, is_new ? NLM_F_CREATE | NLM_F_REPLACE : 0);
  batch.put(header);
  batch.attribute(NDA_DST, htonl(entry.address));
  batch.attribute(NDA_LLADDR, std::as_bytes(std::span(entry.mac)));
}

bool is_route(const OverlayEntry& entry) {
  return entry.kind == OverlayEntry::Kind::kRoute || entry.kind == OverlayEntry::Kind::kUnreachable;
}

}  // namespace

Result<std::vector<OverlayEntry>> list_overlay_entries(const std::string& device) {
  IK_LET(socket, NetlinkSocket::open(NETLINK_ROUTE));
  const int index = static_cast<int>(if_nametoindex(device.c_str()));
  std::vector<OverlayEntry> entries;
  IK_TRY(list_neighbours(socket, AF_BRIDGE, index, entries));
  IK_TRY(list_neighbours(socket, AF_INET, index, entries));
  IK_TRY(list_routes(socket, entries));
  std::sort(entries.begin(), entries.end());
  return entries;
}

Result<void> change_overlay_entries(const std::string& device,
                                    const OverlayChanges& changes,
                                    std::uint32_t source) {
  if (changes.empty()) return {};
  IK_LET(socket, NetlinkSocket::open(NETLINK_ROUTE));
  const unsigned index = if_nametoindex(device.c_str());
  const auto carry_out = [&](const OverlayEntry& entry, bool is_new) -> Result<void> {
    NetlinkBatch batch;
    if (is_route(entry)) {
      put_route(batch, is_new, entry, index, source);
    } else {
      put_neighbour(batch, is_new, entry, static_cast<int>(index));
    }
    IK_LET(replies, socket.exchange(batch));
    const int error = replies[0].error;
    const bool is_gone = !is_new && (error == ENOENT || error == ESRCH || error == ENODEV);
    if (error == 0 || is_gone) return {};
    return netlink_error(
        replies[0], fmt::format("{} {}", is_new ? "add" : "remove", format_ipv4(entry.address)));
  };
  for (const OverlayEntry& entry : changes.remove) IK_TRY(carry_out(entry, false));
  for (const OverlayEntry& entry : changes.add) IK_TRY(carry_out(entry, true));
  return {};
}

}  // namespace ikada
