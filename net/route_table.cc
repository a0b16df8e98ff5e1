#include "net/route_table.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <array>

#include "net/netlink_answer.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {

namespace {

constexpr unsigned kAddressBits = 32;

std::string device_name(std::uint32_t index) {
  std::array<char, IFNAMSIZ> name{};
  if (index == 0 || if_indextoname(index, name.data()) == nullptr) return {};
  // The kernel takes stranger ones than we tell others.
  return is_interface_name(name.data()) ? name.data() : std::string();
}

std::uint32_t mask_of(unsigned prefix_length) {
  return prefix_length == 0 ? 0 : UINT32_MAX << (kAddressBits - prefix_length);
}

Result<std::vector<std::vector<std::byte>>> list_routes() {
  IK_LET(socket, NetlinkSocket::open(NETLINK_ROUTE));
  NetlinkBatch batch;
  batch.begin(RTM_GETROUTE, NLM_F_DUMP);
  rtmsg wanted{};
  wanted.rtm_family = AF_INET;
  batch.put(wanted);
  return ask_kernel(socket, batch, "list routes");
}

}  // namespace

Result<std::vector<HostRoute>> list_host_routes(std::span<const std::string_view> except) {
  IK_LET(messages, list_routes());
  std::vector<HostRoute> routes;
  for (const std::vector<std::byte>& message : messages) {
    const auto header = header_of<rtmsg>(message);
    if (header.rtm_table != RT_TABLE_MAIN || header.rtm_type != RTN_UNICAST) continue;
    if (header.rtm_dst_len == 0 || header.rtm_dst_len > kAddressBits) continue;
    const NetlinkBytes attributes = attributes_of<rtmsg>(message);
    HostRoute route{.network = ntohl(find_number<std::uint32_t>(attributes, RTA_DST)),
                    .prefix_length = header.rtm_dst_len,
                    .device = device_name(find_number<std::uint32_t>(attributes, RTA_OIF))};
    if (std::find(except.begin(), except.end(), route.device) != except.end()) continue;
    routes.push_back(std::move(route));
  }
  return routes;
}

Result<std::set<std::uint32_t>> list_fixed_addresses() {
  // Of the two addresses of a /31 both are hosts' (RFC 3021).
  constexpr unsigned kLongestPrefix = 30;
  IK_LET(messages, list_routes());
  std::set<std::uint32_t> addresses;
  for (const std::vector<std::byte>& message : messages) {
    const auto header = header_of<rtmsg>(message);
    if (header.rtm_table != RT_TABLE_MAIN || header.rtm_type != RTN_UNICAST) continue;
    const NetlinkBytes attributes = attributes_of<rtmsg>(message);
    const auto router = ntohl(find_number<std::uint32_t>(attributes, RTA_GATEWAY));
    if (router != 0) addresses.insert(router);
    const bool is_link = router == 0 && header.rtm_dst_len != 0;
    if (!is_link || header.rtm_dst_len > kLongestPrefix) continue;
    const auto network = ntohl(find_number<std::uint32_t>(attributes, RTA_DST));
    addresses.insert({network, network | ~mask_of(header.rtm_dst_len)});
  }
  return addresses;
}

std::string to_text(const HostRoute& route) {
  const std::string prefix = fmt::format("{}/{}", format_ipv4(route.network), route.prefix_length);
  return route.device.empty() ? prefix : prefix + " dev " + route.device;
}

Result<HostRoute> parse_host_route(std::string_view text) {
  const Error bad = make_error(ErrorKind::kInvalid, "not a route: '{}'", text);
  const size_t space = text.find(' ');
  const Cut prefix = cut(text.substr(0, space), '/');
  const auto network = parse_ipv4(prefix.before);
  const auto length = parse_unsigned(prefix.after, kAddressBits);
  if (!network || !length || *length == 0) return bad;
  HostRoute route{
      .network = *network, .prefix_length = static_cast<unsigned>(*length), .device = {}};
  if (space == std::string_view::npos) return route;
  constexpr std::string_view kDevice = " dev ";
  const std::string_view rest = text.substr(space);
  if (!rest.starts_with(kDevice) || !is_interface_name(rest.substr(kDevice.size()))) return bad;
  route.device = rest.substr(kDevice.size());
  return route;
}

std::optional<HostRoute> find_collision(std::span<const HostRoute> routes,
                                        const Ipv4Subnet& subnet) {
  const auto overlaps = [&](const HostRoute& route) {
    const std::uint32_t mask = mask_of(std::min(route.prefix_length, subnet.prefix_length));
    return (route.network & mask) == (subnet.network & mask);
  };
  const auto found = std::find_if(routes.begin(), routes.end(), overlaps);
  return found == routes.end() ? std::nullopt : std::optional(*found);
}

}  // namespace ikada
