#include "net/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>

#include "net/netlink.h"

namespace ikada {

namespace {

constexpr nfgenmsg kFlowFamily{.nfgen_family = AF_INET, .version = NFNETLINK_V0, .res_id = 0};

template <typename Number>
Number number_in(std::span<const std::byte> attribute) {
  Number number{};
  if (attribute.size() == sizeof number) memcpy(&number, attribute.data(), sizeof number);
  return number;
}

bool goes_to(std::span<const std::byte> tuple, std::span<const PortElement> ports) {
  const auto protocol = find_attribute(tuple, CTA_TUPLE_PROTO);
  if (number_in<std::uint8_t>(find_attribute(protocol, CTA_PROTO_NUM)) != IPPROTO_UDP) return false;
  const std::uint16_t port =
      ntohs(number_in<std::uint16_t>(find_attribute(protocol, CTA_PROTO_DST_PORT)));
  const std::uint32_t address = ntohl(
      number_in<std::uint32_t>(find_attribute(find_attribute(tuple, CTA_TUPLE_IP), CTA_IP_V4_DST)));
  return std::any_of(ports.begin(), ports.end(), [&](const PortElement& element) {
    return element.udp && element.host_port == port &&
           (element.host_ip == 0 || element.host_ip == address);
  });
}

}  // namespace

Result<std::vector<std::vector<std::byte>>> list_tracked(std::uint32_t mark, std::uint32_t mask) {
  NetlinkBatch list;
  list.begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_DUMP);
  list.put(kFlowFamily);
  if (mask != 0) {
    list.attribute(CTA_MARK, htonl(mark));
    list.attribute(CTA_MARK_MASK, htonl(mask));
  }
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

Result<void> forget_tracked(std::span<const std::byte> original) {
  NetlinkBatch remove;
  remove.begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE);
  remove.put(kFlowFamily);
  remove.attribute(CTA_TUPLE_ORIG | NLA_F_NESTED, original);
  IK_LET(socket, NetlinkSocket::open(NETLINK_NETFILTER));
  IK_LET(removed, socket.exchange(remove));
  const int error = removed[0].error;
  if (error == 0 || error == ENOENT) return {};
  return netlink_error(removed[0], "forget a tracked flow");
}

Result<void> forget_udp_flows(std::span<const PortElement> ports) {
  const bool any =
      std::any_of(ports.begin(), ports.end(), [](const PortElement& port) { return port.udp; });
  if (!any) return {};
  IK_LET(flows, list_tracked(0, 0));
  for (const std::vector<std::byte>& flow : flows) {
    const auto original = find_attribute(flow, CTA_TUPLE_ORIG);
    if (goes_to(original, ports)) IK_TRY(forget_tracked(original));
  }
  return {};
}

}  // namespace ikada
