#include "net/overlay_device.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include <algorithm>

#include "net/attachment.h"
#include "net/netlink_answer.h"

namespace ikada {

namespace {

struct FoundDevice {
  bool is_vxlan = false;
  bool is_up = false;
  unsigned mtu = 0;
  std::vector<std::byte> mac;
  std::uint32_t vni = 0;
  std::uint32_t local = 0;  // In network order, as the next.
  std::uint16_t port = 0;
};

Result<std::optional<FoundDevice>> find_device(NetlinkSocket& socket, const std::string& name) {
  NetlinkBatch batch;
  batch.begin(RTM_GETLINK);
  batch.put(ifinfomsg{});
  batch.attribute(IFLA_IFNAME, name);
  const auto answer = ask_kernel(socket, batch, "interface " + name);
  if (!answer.has_value() && answer.error().kind == ErrorKind::kNotFound)
    return std::optional<FoundDevice>();
  if (!answer.has_value()) return answer.error();
  if (answer->empty()) return std::optional<FoundDevice>();
  const std::vector<std::byte>& link = answer->front();
  const NetlinkBytes attributes = attributes_of<ifinfomsg>(link);
  const NetlinkBytes info = find_attribute(attributes, IFLA_LINKINFO);
  const NetlinkBytes kind = find_attribute(info, IFLA_INFO_KIND);
  const NetlinkBytes data = find_attribute(info, IFLA_INFO_DATA);
  const NetlinkBytes mac = find_attribute(attributes, IFLA_ADDRESS);
  FoundDevice found;
  found.is_vxlan = kind.size() == sizeof "vxlan" && memcmp(kind.data(), "vxlan", kind.size()) == 0;
  found.is_up = (header_of<ifinfomsg>(link).ifi_flags & IFF_UP) != 0;
  found.mtu = find_number<std::uint32_t>(attributes, IFLA_MTU);
  found.mac.assign(mac.begin(), mac.end());
  found.vni = find_number<std::uint32_t>(data, IFLA_VXLAN_ID);
  found.local = find_number<std::uint32_t>(data, IFLA_VXLAN_LOCAL);
  found.port = find_number<std::uint16_t>(data, IFLA_VXLAN_PORT);
  return std::optional(std::move(found));
}

bool is_wanted(const FoundDevice& found, const OverlayConfig& config, const Underlay& underlay) {
  const MacAddress mac = tunnel_mac_of(config.subnet);
  const NetlinkBytes wanted_mac = std::as_bytes(std::span(mac));
  return found.vni == config.vni && found.port == htons(config.port) &&
         found.local == (underlay.is_local ? htonl(config.address) : 0) &&
         std::equal(found.mac.begin(), found.mac.end(), wanted_mac.begin(), wanted_mac.end());
}

void put_device(NetlinkBatch& batch,
                const std::string& device,
                const OverlayConfig& config,
                const Underlay& underlay) {
  const MacAddress mac = tunnel_mac_of(config.subnet);
  const std::uint16_t port = htons(config.port);
  batch.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  batch.put(ifinfomsg{});
  batch.attribute(IFLA_IFNAME, device);
  batch.attribute(IFLA_ADDRESS, std::as_bytes(std::span(mac)));
  batch.attribute(IFLA_MTU, underlay.mtu - kVxlanOverheadBytes);
  const size_t info = batch.open(IFLA_LINKINFO);
  batch.attribute(IFLA_INFO_KIND, "vxlan");
  const size_t data = batch.open(IFLA_INFO_DATA);
  batch.attribute(IFLA_VXLAN_ID, config.vni);
  if (underlay.is_local) batch.attribute(IFLA_VXLAN_LOCAL, htonl(config.address));
  batch.attribute(IFLA_VXLAN_PORT, std::as_bytes(std::span(&port, 1)));
  batch.attribute(IFLA_VXLAN_LEARNING, std::uint8_t{0});
  batch.close(data);
  batch.close(info);
}

// Address, MTU, no IPv6, up. The flags in a message of their own, as put_bridge_port() says.
Result<void> set_up_device(NetlinkSocket& socket,
                           const std::string& device,
                           const OverlayConfig& config,
                           const Underlay& underlay) {
  NetlinkBatch batch;
  batch.begin(RTM_SETLINK);
  batch.put(ifinfomsg{});
  batch.attribute(IFLA_IFNAME, device);
  batch.attribute(IFLA_MTU, underlay.mtu - kVxlanOverheadBytes);
  const size_t families = batch.open(IFLA_AF_SPEC);
  const size_t inet6 = batch.open(AF_INET6);
  batch.attribute(IFLA_INET6_ADDR_GEN_MODE, std::uint8_t{IN6_ADDR_GEN_MODE_NONE});
  batch.close(inet6);
  batch.close(families);
  ifaddrmsg address{};
  address.ifa_family = AF_INET;
  address.ifa_prefixlen = 32;
  address.ifa_index = if_nametoindex(device.c_str());
  batch.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
  batch.put(address);
  batch.attribute(IFA_LOCAL, htonl(config.subnet.gateway()));
  batch.attribute(IFA_ADDRESS, htonl(config.subnet.gateway()));
  ifinfomsg up{};
  up.ifi_flags = IFF_UP;
  up.ifi_change = IFF_UP;
  batch.begin(RTM_SETLINK);
  batch.put(up);
  batch.attribute(IFLA_IFNAME, device);
  return socket.carry_out(batch, "set up " + device);
}

Result<std::vector<std::vector<std::byte>>> list_addresses(NetlinkSocket& socket) {
  NetlinkBatch batch;
  batch.begin(RTM_GETADDR, NLM_F_DUMP);
  ifaddrmsg wanted{};
  wanted.ifa_family = AF_INET;
  batch.put(wanted);
  return ask_kernel(socket, batch, "list addresses");
}

}  // namespace

Result<Underlay> find_underlay(std::uint32_t address) {
  IK_LET(socket, NetlinkSocket::open(NETLINK_ROUTE));
  IK_LET(addresses, list_addresses(socket));
  Underlay underlay;
  for (const std::vector<std::byte>& message : addresses) {
    const NetlinkBytes attributes = attributes_of<ifaddrmsg>(message);
    if (find_number<std::uint32_t>(attributes, IFA_LOCAL) != htonl(address)) continue;
    underlay.is_local = true;
    NetlinkBatch question;
    question.begin(RTM_GETLINK);
    ifinfomsg link{};
    link.ifi_index = static_cast<int>(header_of<ifaddrmsg>(message).ifa_index);
    question.put(link);
    IK_LET(links, ask_kernel(socket, question, "interface of the host's address"));
    if (links.empty()) break;
    // An address of the loopback device is reached by another one.
    if ((header_of<ifinfomsg>(links[0]).ifi_flags & IFF_LOOPBACK) != 0) break;
    underlay.mtu = find_number<std::uint32_t>(attributes_of<ifinfomsg>(links[0]), IFLA_MTU);
    break;
  }
  return underlay;
}

Result<void> remove_other_addresses(const std::string& interface, std::uint32_t kept) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return {};
  IK_LET(socket, NetlinkSocket::open(NETLINK_ROUTE));
  IK_LET(addresses, list_addresses(socket));
  for (const std::vector<std::byte>& message : addresses) {
    const auto header = header_of<ifaddrmsg>(message);
    const NetlinkBytes attributes = attributes_of<ifaddrmsg>(message);
    const auto local = find_number<std::uint32_t>(attributes, IFA_LOCAL);
    if (header.ifa_index != index || local == htonl(kept)) continue;
    NetlinkBatch batch;
    batch.begin(RTM_DELADDR);
    batch.put(header);
    batch.attribute(IFA_LOCAL, local);
    IK_TRY(socket.carry_out(batch, "remove an address of " + interface));
  }
  return {};
}

Result<bool> ensure_overlay_device(const std::string& device,
                                   const OverlayConfig& config,
                                   const Underlay& underlay) {
  IK_LET(socket, NetlinkSocket::open(NETLINK_ROUTE));
  IK_LET(found, find_device(socket, device));
  if (found.has_value() && !found->is_vxlan) {
    return make_error(ErrorKind::kConflict, "interface {} exists and is no VXLAN device", device);
  }
  const bool is_there = found.has_value() && is_wanted(*found, config, underlay);
  if (is_there && found->is_up && found->mtu == underlay.mtu - kVxlanOverheadBytes) return false;
  if (!is_there) {
    if (found.has_value()) IK_TRY(remove_interface(device));
    NetlinkBatch create;
    put_device(create, device, config, underlay);
    IK_TRY(socket.carry_out(create, "make VXLAN device " + device));
  }
  IK_TRY(set_up_device(socket, device, config, underlay));
  return !is_there;
}

}  // namespace ikada
