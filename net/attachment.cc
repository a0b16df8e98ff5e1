#include "net/attachment.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include "net/ipv4.h"
#include "net/netlink.h"

namespace ikada {

namespace {

constexpr int kLoopbackIndex = 1;

void put_link_up(NetlinkBatch& batch, int index) {
  batch.begin(RTM_SETLINK);
  batch.put(ifinfomsg{.ifi_family = AF_UNSPEC,
                      .__ifi_pad = 0,
                      .ifi_type = 0,
                      .ifi_index = index,
                      .ifi_flags = IFF_UP,
                      .ifi_change = IFF_UP});
}

// The container's end is the link that is made and the host's end its peer, not the other way
// round: veth honours a chosen index only for the link.
void put_veth(NetlinkBatch& batch, const NetworkAttachment& attachment, pid_t pid) {
  ifinfomsg container_end{};
  container_end.ifi_index = kContainerInterfaceIndex;
  batch.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  batch.put(container_end);
  batch.attribute(IFLA_IFNAME, attachment.container_interface);
  batch.attribute(IFLA_NET_NS_PID, static_cast<std::uint32_t>(pid));
  if (const auto mac = parse_mac(attachment.mac); mac) {
    batch.attribute(IFLA_ADDRESS, std::as_bytes(std::span(*mac)));
  }
  if (attachment.mtu != 0) batch.attribute(IFLA_MTU, std::uint32_t{attachment.mtu});
  const size_t link_info = batch.open(IFLA_LINKINFO);
  batch.attribute(IFLA_INFO_KIND, "veth");
  const size_t data = batch.open(IFLA_INFO_DATA);
  const size_t peer = batch.open(VETH_INFO_PEER);
  batch.put(ifinfomsg{});
  batch.attribute(IFLA_IFNAME, attachment.host_interface);
  if (attachment.mtu != 0) batch.attribute(IFLA_MTU, std::uint32_t{attachment.mtu});
  batch.close(peer);
  batch.close(data);
  batch.close(link_info);
}

// Two messages, because the kernel reads IFLA_AF_SPEC after the flags: without the first, the
// interface would come up with an IPv6 link-local address and multicast its duplicate detection.
//
// Hairpin mode, because with bridge-nf-call-iptables a container's packet to its own published
// port is translated inside the bridge and has to leave by the port it came from.
void put_bridge_port(NetlinkBatch& batch, const std::string& name, unsigned bridge_index) {
  batch.begin(RTM_SETLINK);
  batch.put(ifinfomsg{});
  batch.attribute(IFLA_IFNAME, name);
  batch.attribute(IFLA_MASTER, bridge_index);
  const size_t families = batch.open(IFLA_AF_SPEC);
  const size_t inet6 = batch.open(AF_INET6);
  batch.attribute(IFLA_INET6_ADDR_GEN_MODE, std::uint8_t{IN6_ADDR_GEN_MODE_NONE});
  batch.close(inet6);
  batch.close(families);

  ifinfomsg up{};
  up.ifi_flags = IFF_UP;
  up.ifi_change = IFF_UP;
  batch.begin(RTM_NEWLINK);
  batch.put(up);
  batch.attribute(IFLA_IFNAME, name);
  const size_t link_info = batch.open(IFLA_LINKINFO);
  batch.attribute(IFLA_INFO_SLAVE_KIND, "bridge");
  const size_t port = batch.open(IFLA_INFO_SLAVE_DATA);
  batch.attribute(IFLA_BRPORT_MODE, std::uint8_t{1});
  batch.close(port);
  batch.close(link_info);
}

}  // namespace

Json to_json(const NetworkAttachment& attachment) {
  return Json{{"bridge", attachment.bridge},
              {"host_interface", attachment.host_interface},
              {"container_interface", attachment.container_interface},
              {"address", attachment.address},
              {"prefix_length", attachment.prefix_length},
              {"gateway", attachment.gateway},
              {"mac", attachment.mac},
              {"mtu", attachment.mtu}};
}

Result<NetworkAttachment> parse_network_attachment(const Json& json) {
  NetworkAttachment attachment;
  JsonReader reader(json, "network");
  reader.require("bridge", attachment.bridge);
  reader.require("host_interface", attachment.host_interface);
  reader.read("container_interface", attachment.container_interface);
  reader.require("address", attachment.address);
  reader.read("prefix_length", attachment.prefix_length);
  reader.require("gateway", attachment.gateway);
  reader.require("mac", attachment.mac);
  reader.read("mtu", attachment.mtu);
  IK_TRY(reader.done());
  if (!is_interface_name(attachment.bridge)) reader.fail("bridge", "not an interface name");
  if (!is_interface_name(attachment.host_interface)) {
    reader.fail("host_interface", "not an interface name");
  }
  if (!is_interface_name(attachment.container_interface)) {
    reader.fail("container_interface", "not an interface name");
  }
  if (!parse_ipv4(attachment.address)) reader.fail("address", "not an IPv4 address");
  if (!parse_ipv4(attachment.gateway)) reader.fail("gateway", "not an IPv4 address");
  if (!parse_mac(attachment.mac)) reader.fail("mac", "not a MAC address");
  constexpr unsigned kSmallestMtu = 68;  // RFC 791.
  constexpr unsigned kLargestMtu = 65535;
  if (attachment.mtu != 0 && (attachment.mtu < kSmallestMtu || attachment.mtu > kLargestMtu)) {
    reader.fail("mtu", "not between 68 and 65535");
  }
  if (attachment.prefix_length > 32) reader.fail("prefix_length", "more than 32");
  IK_TRY(reader.done());
  return attachment;
}

Result<void> create_veth(const NetworkAttachment& attachment, pid_t pid) {
  const unsigned bridge_index = if_nametoindex(attachment.bridge.c_str());
  if (bridge_index == 0) {
    Error error = errno_error("bridge {}", attachment.bridge);
    error.kind = ErrorKind::kNotFound;
    return error;
  }
  NetlinkBatch batch;
  put_veth(batch, attachment, pid);
  put_bridge_port(batch, attachment.host_interface, bridge_index);

  IK_LET(socket, NetlinkSocket::open(NETLINK_ROUTE));
  IK_LET(replies, socket.exchange(batch));
  const std::string what =
      fmt::format("veth pair {} in the namespace of {}", attachment.host_interface, pid);
  if (replies[0].error != 0) return netlink_error(replies[0], what);
  for (const NetlinkReply& reply : replies) {
    if (reply.error == 0) continue;
    static_cast<void>(remove_interface(attachment.host_interface).has_value());
    return netlink_error(reply, what);
  }
  return {};
}

Result<void> remove_interface(const std::string& name) {
  NetlinkBatch batch;
  batch.begin(RTM_DELLINK);
  batch.put(ifinfomsg{});
  batch.attribute(IFLA_IFNAME, name);
  IK_LET(socket, NetlinkSocket::open(NETLINK_ROUTE));
  IK_LET(replies, socket.exchange(batch));
  if (replies[0].error == 0 || replies[0].error == ENODEV) return {};
  return netlink_error(replies[0], "remove interface " + name);
}

InsidePlan plan_inside(const NetworkAttachment* attachment) {
  NetlinkBatch batch;
  put_link_up(batch, kLoopbackIndex);
  if (attachment != nullptr) {
    const std::uint32_t address = htonl(parse_ipv4(attachment->address).value_or(0));
    const std::uint32_t gateway = htonl(parse_ipv4(attachment->gateway).value_or(0));
    const std::uint32_t host_bits =
        attachment->prefix_length < 32 ? UINT32_MAX >> attachment->prefix_length : 0;
    batch.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
    batch.put(ifaddrmsg{.ifa_family = AF_INET,
                        .ifa_prefixlen = static_cast<std::uint8_t>(attachment->prefix_length),
                        .ifa_flags = 0,
                        .ifa_scope = RT_SCOPE_UNIVERSE,
                        .ifa_index = kContainerInterfaceIndex});
    batch.attribute(IFA_LOCAL, address);
    batch.attribute(IFA_ADDRESS, address);
    batch.attribute(IFA_BROADCAST, address | htonl(host_bits));
    put_link_up(batch, kContainerInterfaceIndex);
    batch.begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
    batch.put(rtmsg{.rtm_family = AF_INET,
                    .rtm_dst_len = 0,
                    .rtm_src_len = 0,
                    .rtm_tos = 0,
                    .rtm_table = RT_TABLE_MAIN,
                    .rtm_protocol = RTPROT_BOOT,
                    .rtm_scope = RT_SCOPE_UNIVERSE,
                    .rtm_type = RTN_UNICAST,
                    .rtm_flags = 0});
    batch.attribute(RTA_GATEWAY, gateway);
  }
  return InsidePlan{.messages = batch.bytes(), .count = batch.count()};
}

}  // namespace ikada
