#include "net/held_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <netpacket/packet.h>

#include "net/ipv4.h"
#include "net/netlink_answer.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

namespace {

constexpr std::uint8_t kAddressOrigin = 74;
constexpr unsigned kHostPrefix = 32;

NetlinkBatch address_message(std::uint16_t type,
                             unsigned flags,
                             unsigned index,
                             std::uint32_t address) {
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = kHostPrefix;
  header.ifa_scope = RT_SCOPE_UNIVERSE;
  header.ifa_index = index;
  NetlinkBatch batch;
  batch.begin(type, flags);
  batch.put(header);
  batch.attribute(IFA_LOCAL, htonl(address));
  batch.attribute(IFA_ADDRESS, htonl(address));
  return batch;
}

Result<unsigned> index_of(const std::string& interface) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return errno_error("interface {}", interface);
  return index;
}

Result<MacAddress> mac_of_interface(int socket, const std::string& interface) {
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  if (ioctl(socket, SIOCGIFHWADDR, &request) < 0) return errno_error("interface {}", interface);
  MacAddress mac{};
  memcpy(mac.data(), request.ifr_hwaddr.sa_data, mac.size());
  return mac;
}

}  // namespace

Result<std::vector<HeldAddress>> list_addresses_held() {
  NetlinkBatch batch;
  batch.begin(RTM_GETADDR, NLM_F_DUMP);
  ifaddrmsg wanted{};
  wanted.ifa_family = AF_INET;
  batch.put(wanted);
  IK_LET(socket, NetlinkSocket::open(NETLINK_ROUTE));
  IK_LET(messages, ask_kernel(socket, batch, "list addresses"));
  std::vector<HeldAddress> addresses;
  for (const std::vector<std::byte>& message : messages) {
    const NetlinkBytes attributes = attributes_of<ifaddrmsg>(message);
    std::array<char, IF_NAMESIZE> name{};
    if (if_indextoname(header_of<ifaddrmsg>(message).ifa_index, name.data()) == nullptr) continue;
    addresses.push_back(
        {.interface = name.data(),
         .address = ntohl(find_number<std::uint32_t>(attributes, IFA_LOCAL)),
         .is_ours = find_number<std::uint8_t>(attributes, IFA_PROTO) == kAddressOrigin});
  }
  return addresses;
}

Result<void> hold_address(const std::string& interface,
                          std::uint32_t address,
                          std::chrono::seconds lifetime) {
  IK_LET(index, index_of(interface));
  NetlinkBatch batch = address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, index, address);
  batch.attribute(IFA_FLAGS, std::uint32_t{IFA_F_NOPREFIXROUTE});
  batch.attribute(IFA_PROTO, kAddressOrigin);
  ifa_cacheinfo life{};
  life.ifa_valid = static_cast<std::uint32_t>(lifetime.count());
  life.ifa_prefered = life.ifa_valid;
  batch.attribute(IFA_CACHEINFO, std::as_bytes(std::span(&life, 1)));
  IK_LET(socket, NetlinkSocket::open(NETLINK_ROUTE));
  return socket.carry_out(batch, "hold " + format_ipv4(address) + " on " + interface);
}

Result<void> release_held_address(const std::string& interface, std::uint32_t address) {
  IK_LET(index, index_of(interface));
  IK_LET(socket, NetlinkSocket::open(NETLINK_ROUTE));
  IK_LET(replies, socket.exchange(address_message(RTM_DELADDR, 0, index, address)));
  const int error = replies[0].error;
  if (error == 0 || error == EADDRNOTAVAIL) return {};
  return netlink_error(replies[0], "release " + format_ipv4(address) + " of " + interface);
}

Result<void> announce_address(const std::string& interface, std::uint32_t address) {
  IK_LET(index, index_of(interface));
  const UniqueFd socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ARP)));
  if (!socket) return errno_error("socket for ARP");
  IK_LET(mac, mac_of_interface(socket.get(), interface));
  sockaddr_ll everybody{};
  everybody.sll_family = AF_PACKET;
  everybody.sll_protocol = htons(ETH_P_ARP);
  everybody.sll_ifindex = static_cast<int>(index);
  everybody.sll_halen = ETH_ALEN;
  memset(everybody.sll_addr, 0xff, ETH_ALEN);
  const std::uint32_t number = htonl(address);
  // Some look at requests only, some at answers.
  for (const int operation : {ARPOP_REQUEST, ARPOP_REPLY}) {
    ether_arp packet{};
    packet.ea_hdr.ar_hrd = htons(ARPHRD_ETHER);
    packet.ea_hdr.ar_pro = htons(ETH_P_IP);
    packet.ea_hdr.ar_hln = ETH_ALEN;
    packet.ea_hdr.ar_pln = sizeof number;
    packet.ea_hdr.ar_op = htons(static_cast<std::uint16_t>(operation));
    memcpy(packet.arp_sha, mac.data(), mac.size());
    memcpy(packet.arp_spa, &number, sizeof number);
    memset(packet.arp_tha, operation == ARPOP_REPLY ? 0xff : 0, ETH_ALEN);
    memcpy(packet.arp_tpa, &number, sizeof number);
    const ssize_t sent = ::sendto(socket.get(),
                                  &packet,
                                  sizeof packet,
                                  0,
                                  reinterpret_cast<const sockaddr*>(&everybody),
                                  sizeof everybody);
    if (sent < 0) return errno_error("announce {} on {}", format_ipv4(address), interface);
  }
  return {};
}

}  // namespace ikada
