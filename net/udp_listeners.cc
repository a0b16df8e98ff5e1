#include "net/udp_listeners.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include <optional>

#include "net/netlink_answer.h"

namespace ikada {

namespace {

// What a socket of IPv6 has of IPv4; nothing if it has none.
std::optional<std::uint32_t> mapped_address(const in6_addr& address, NetlinkBytes attributes) {
  if (find_number<std::uint8_t>(attributes, INET_DIAG_SKV6ONLY) != 0) return std::nullopt;
  if (IN6_IS_ADDR_UNSPECIFIED(&address)) return 0;
  if (!IN6_IS_ADDR_V4MAPPED(&address)) return std::nullopt;
  std::uint32_t mapped = 0;
  memcpy(&mapped, &address.s6_addr[sizeof address - sizeof mapped], sizeof mapped);
  return ntohl(mapped);
}

Result<void> list_of_family(NetlinkSocket& socket,
                            std::uint8_t family,
                            std::vector<UdpListener>& listeners) {
  NetlinkBatch batch;
  batch.begin(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
  inet_diag_req_v2 wanted{};
  wanted.sdiag_family = family;
  wanted.sdiag_protocol = IPPROTO_UDP;
  // As the kernel calls the state of one that is not connected.
  wanted.idiag_states = 1U << TCP_CLOSE;
  batch.put(wanted);
  IK_LET(messages, ask_kernel(socket, batch, "list sockets of UDP"));
  for (const std::vector<std::byte>& message : messages) {
    const auto header = header_of<inet_diag_msg>(message);
    std::optional<std::uint32_t> address = ntohl(header.id.idiag_src[0]);
    if (family == AF_INET6) {
      in6_addr source{};
      memcpy(&source, &header.id.idiag_src, sizeof source);
      address = mapped_address(source, attributes_of<inet_diag_msg>(message));
    }
    const std::uint16_t port = ntohs(header.id.idiag_sport);
    if (address.has_value() && port != 0) listeners.push_back({.address = *address, .port = port});
  }
  return {};
}

}  // namespace

Result<std::vector<UdpListener>> list_udp_listeners() {
  IK_LET(socket, NetlinkSocket::open(NETLINK_SOCK_DIAG));
  std::vector<UdpListener> listeners;
  IK_TRY(list_of_family(socket, AF_INET, listeners));
  IK_TRY(list_of_family(socket, AF_INET6, listeners));
  return listeners;
}

}  // namespace ikada
