#include "net/bridge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/netlink.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {

namespace {

Result<void> check_is_bridge(NetlinkSocket& socket, const std::string& name) {
  NetlinkBatch batch;
  batch.begin(RTM_GETLINK);
  batch.put(ifinfomsg{});
  batch.attribute(IFLA_IFNAME, name);
  IK_LET(replies, socket.exchange(batch));
  if (replies[0].error != 0) return netlink_error(replies[0], "interface " + name);
  if (!replies[0].messages.empty()) {
    const std::span<const std::byte> link(replies[0].messages[0]);
    const auto attributes = link.subspan(std::min(link.size(), sizeof(ifinfomsg)));
    const auto kind = find_attribute(find_attribute(attributes, IFLA_LINKINFO), IFLA_INFO_KIND);
    if (kind.size() == sizeof "bridge" && memcmp(kind.data(), "bridge", kind.size()) == 0)
      return {};
  }
  return make_error(ErrorKind::kConflict, "interface {} exists and is no bridge", name);
}

}  // namespace

std::vector<KernelSetting> plan_kernel_settings(const std::string& bridge) {
  const std::string ipv4 = "/proc/sys/net/ipv4/conf/" + bridge;
  const std::string ipv6 = "/proc/sys/net/ipv6/conf/" + bridge;
  return {
      {.path = "/proc/sys/net/ipv4/ip_forward", .value = "1"},
      {.path = ipv4 + "/route_localnet", .value = "1"},
      {.path = ipv6 + "/accept_ra", .value = "0", .optional = true},
      {.path = ipv6 + "/disable_ipv6", .value = "1", .optional = true},
  };
}

Result<bool> bridge_is_ready(const std::string& bridge, const Ipv4Subnet& subnet) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno_error("socket");
  ifreq request{};
  bridge.copy(request.ifr_name, IFNAMSIZ - 1);
  if (ioctl(socket.get(), SIOCGIFFLAGS, &request) < 0) {
    if (errno == ENODEV) return false;
    return errno_error("interface {}", bridge);
  }
  if ((request.ifr_flags & IFF_UP) == 0) return false;
  if (ioctl(socket.get(), SIOCGIFADDR, &request) < 0) {
    if (errno == EADDRNOTAVAIL) return false;
    return errno_error("address of interface {}", bridge);
  }
  sockaddr_in address{};
  memcpy(&address, &request.ifr_addr, sizeof address);
  return ntohl(address.sin_addr.s_addr) == subnet.gateway();
}

Result<void> make_bridge(const std::string& bridge, const Ipv4Subnet& subnet) {
  IK_LET(socket, NetlinkSocket::open(NETLINK_ROUTE));
  NetlinkBatch create;
  create.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  create.put(ifinfomsg{});
  create.attribute(IFLA_IFNAME, bridge);
  // Given, not left to chance: a bridge without an address of its own takes over a port's, and
  // changes it when that container ends.
  const MacAddress mac = mac_of(subnet.gateway());
  create.attribute(IFLA_ADDRESS, std::as_bytes(std::span(mac)));
  const size_t link_info = create.open(IFLA_LINKINFO);
  create.attribute(IFLA_INFO_KIND, "bridge");
  create.close(link_info);
  IK_LET(replies, socket.exchange(create));
  const bool existed = replies[0].error == EEXIST;
  if (replies[0].error != 0 && !existed) return netlink_error(replies[0], "bridge " + bridge);
  if (existed) IK_TRY(check_is_bridge(socket, bridge));

  NetlinkBatch configure;
  configure.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
  configure.put(ifaddrmsg{.ifa_family = AF_INET,
                          .ifa_prefixlen = static_cast<std::uint8_t>(subnet.prefix_length),
                          .ifa_flags = 0,
                          .ifa_scope = RT_SCOPE_UNIVERSE,
                          .ifa_index = if_nametoindex(bridge.c_str())});
  configure.attribute(IFA_LOCAL, htonl(subnet.gateway()));
  configure.attribute(IFA_ADDRESS, htonl(subnet.gateway()));
  configure.attribute(IFA_BROADCAST, htonl(subnet.broadcast()));
  ifinfomsg up{};
  up.ifi_flags = IFF_UP;
  up.ifi_change = IFF_UP;
  configure.begin(RTM_SETLINK);
  configure.put(up);
  configure.attribute(IFLA_IFNAME, bridge);
  return socket.carry_out(configure, "set up bridge " + bridge);
}

Result<void> apply_kernel_settings(const std::vector<KernelSetting>& settings) {
  for (const KernelSetting& setting : settings) {
    const auto current = read_file(setting.path, 64);
    if (current && trim(*current) == setting.value) continue;
    if (!current && setting.optional && current.error().kind == ErrorKind::kNotFound) continue;
    IK_LET(file, open_file(setting.path, O_WRONLY));
    IK_TRY(write_all(file.get(), setting.value).context("{}", setting.path));
  }
  return {};
}

}  // namespace ikada
