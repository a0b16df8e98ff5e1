#include "net/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>

#include "net/held_address.h"
#include "net/netlink.h"

namespace ikada {

namespace {

constexpr nfgenmsg kFlowFamily{.nfgen_family = AF_INET, .version = NFNETLINK_V0, .res_id = 0};
// Their answers have to find room in a socket.
constexpr size_t kMostInBatch = 64;

// CTA_FILTER_F_CTA_PROTO_NUM: the kernel's headers for programs do not have it.
constexpr std::uint32_t kFilterProtocol = 1 << 3;

template <typename Number>
Number number_in(std::span<const std::byte> attribute) {
  Number number{};
  if (attribute.size() == sizeof number) memcpy(&number, attribute.data(), sizeof number);
  return number;
}

std::uint32_t address_in(std::span<const std::byte> tuple, unsigned type) {
  return ntohl(number_in<std::uint32_t>(find_attribute(find_attribute(tuple, CTA_TUPLE_IP), type)));
}

bool goes_to(std::span<const std::byte> tuple, std::span<const PortElement> ports) {
  const auto protocol = find_attribute(tuple, CTA_TUPLE_PROTO);
  if (number_in<std::uint8_t>(find_attribute(protocol, CTA_PROTO_NUM)) != IPPROTO_UDP) return false;
  const std::uint16_t port =
      ntohs(number_in<std::uint16_t>(find_attribute(protocol, CTA_PROTO_DST_PORT)));
  const std::uint32_t address = address_in(tuple, CTA_IP_V4_DST);
  return std::any_of(ports.begin(), ports.end(), [&](const PortElement& element) {
    return element.udp && element.host_port == port &&
           (element.host_ip == 0 || element.host_ip == address);
  });
}

NetlinkBatch begin_list() {
  NetlinkBatch list;
  list.begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_DUMP);
  list.put(kFlowFamily);
  return list;
}

Result<std::vector<std::vector<std::byte>>> carry_out_list(const NetlinkBatch& list) {
  IK_LET(socket, NetlinkSocket::open(NETLINK_NETFILTER));
  IK_LET(replies, socket.exchange(list));
  const int error = replies[0].error;
  if (error == EINVAL || error == EOPNOTSUPP) return std::vector<std::vector<std::byte>>();
  if (error != 0) return netlink_error(replies[0], "list tracked flows");
  std::vector<std::vector<std::byte>> flows;
  for (const std::vector<std::byte>& flow : replies[0].messages) {
    if (flow.size() < sizeof(nfgenmsg)) continue;
    flows.emplace_back(flow.begin() + sizeof(nfgenmsg), flow.end());
  }
  return flows;
}

template <typename Has>
Result<void> forget_udp_flows_if(std::span<const PortElement> ports, const Has& has_to_go) {
  const bool any =
      std::any_of(ports.begin(), ports.end(), [](const PortElement& port) { return port.udp; });
  if (!any) return {};
  IK_LET(flows, list_tracked_udp());
  std::vector<std::vector<std::byte>> originals;
  for (const std::vector<std::byte>& flow : flows) {
    const auto original = find_attribute(flow, CTA_TUPLE_ORIG);
    if (!goes_to(original, ports) || !has_to_go(flow)) continue;
    originals.emplace_back(original.begin(), original.end());
  }
  return forget_tracked(originals);
}

}  // namespace

Result<std::vector<std::vector<std::byte>>> list_tracked(std::uint32_t mark, std::uint32_t mask) {
  NetlinkBatch list = begin_list();
  list.attribute(CTA_MARK, htonl(mark));
  list.attribute(CTA_MARK_MASK, htonl(mask));
  return carry_out_list(list);
}

Result<std::vector<std::vector<std::byte>>> list_tracked_udp() {
  NetlinkBatch list = begin_list();
  const size_t tuple = list.open(CTA_TUPLE_ORIG);
  const size_t protocol = list.open(CTA_TUPLE_PROTO);
  list.attribute(CTA_PROTO_NUM, std::uint8_t{IPPROTO_UDP});
  list.close(protocol);
  list.close(tuple);
  const size_t filter = list.open(CTA_FILTER);
  list.attribute(CTA_FILTER_ORIG_FLAGS, kFilterProtocol);
  list.close(filter);
  return carry_out_list(list);
}

Result<void> forget_tracked(std::span<const std::vector<std::byte>> originals) {
  if (originals.empty()) return {};
  IK_LET(socket, NetlinkSocket::open(NETLINK_NETFILTER));
  Result<void> done;
  while (!originals.empty()) {
    const size_t count = std::min(originals.size(), kMostInBatch);
    NetlinkBatch remove;
    for (const std::vector<std::byte>& original : originals.first(count)) {
      remove.begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE);
      remove.put(kFlowFamily);
      remove.attribute(CTA_TUPLE_ORIG | NLA_F_NESTED, std::span<const std::byte>(original));
    }
    originals = originals.subspan(count);
    IK_LET(removed, socket.exchange(remove));
    for (const NetlinkReply& each : removed) {
      if (each.error == 0 || each.error == ENOENT || !done.has_value()) continue;
      done = netlink_error(each, "forget a tracked flow");
    }
  }
  return done;
}

Result<void> forget_udp_flows(std::span<const PortElement> ports) {
  return forget_udp_flows_if(ports, [](std::span<const std::byte>) { return true; });
}

Result<void> forget_missed_udp_flows(std::span<const PortElement> ports) {
  IK_LET(addresses, list_addresses_held());
  return forget_udp_flows_if(ports, [&](std::span<const std::byte> flow) {
    const std::uint32_t to = address_in(find_attribute(flow, CTA_TUPLE_ORIG), CTA_IP_V4_DST);
    if (to != address_in(find_attribute(flow, CTA_TUPLE_REPLY), CTA_IP_V4_SRC)) return false;
    return std::any_of(addresses.begin(), addresses.end(), [to](const HeldAddress& each) {
      return each.address == to;
    });
  });
}

}  // namespace ikada
