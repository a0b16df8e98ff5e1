#include "net/nft_plan.h"

#include <iterator>

#include <fmt/format.h>

namespace ikada {

namespace {

// `guard` sees packets before connection tracking, so as they are on the wire: a packet from or to
// 127.0.0.0/8 on anything but lo is forged, even when route_localnet or a mapping of 127.0.0.1
// would let it pass. The answers to the host's own connections through 127.0.0.1 carry the
// bridge's address on the wire and are translated only later.
//
// `forward` accepts by not refusing: another table's drop is final whatever is said here. It
// refuses what comes to a container from outside without having been published.
//
// `postrouting` hides the source only where an answer would not find back: containers speaking to
// the outside, the host speaking from 127.0.0.1, and a container that reaches a neighbour or
// itself through a published port. Clients from outside keep their address.
constexpr const char* kChains = R"(  chain {layout} {{
    accept
  }}
  chain guard {{
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
    iifname != "lo" ip saddr 127.0.0.0/8 drop
  }}
  chain prerouting {{
    type nat hook prerouting priority dstnat; policy accept;
    dnat ip to ip daddr . meta l4proto . th dport map @address_ports
    fib daddr type local dnat ip to meta l4proto . th dport map @ports
  }}
  chain output {{
    type nat hook output priority -100; policy accept;
    dnat ip to ip daddr . meta l4proto . th dport map @address_ports
    fib daddr type local dnat ip to meta l4proto . th dport map @ports
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr @subnets oifname != @bridges masquerade
    ip saddr 127.0.0.0/8 oifname @bridges masquerade
    ip saddr @subnets oifname @bridges ct status dnat masquerade
  }}
  chain forward {{
    type filter hook forward priority filter; policy accept;
    oifname @bridges ct state established,related accept
    oifname @bridges ct status dnat accept
    iifname . oifname @bridge_pairs accept
    oifname @bridges drop
  }}
)";

std::string key_of(const PortElement& port) {
  const std::string key = fmt::format("{} . {}", port.udp ? "udp" : "tcp", port.host_port);
  return port.host_ip == 0 ? key : fmt::format("{} . {}", format_ipv4(port.host_ip), key);
}

std::string_view map_of(const PortElement& port) {
  return port.host_ip == 0 ? "ports" : "address_ports";
}

std::string value_of(const PortElement& port) {
  return fmt::format("{} . {}", format_ipv4(port.container_ip), port.container_port);
}

}  // namespace

std::string plan_nft_table(std::span<const BridgeElement> bridges,
                           std::span<const PortElement> ports) {
  std::string names;
  std::string pairs;
  std::string subnets;
  for (const BridgeElement& bridge : bridges) {
    const char* separator = names.empty() ? "" : ", ";
    names += fmt::format("{}\"{}\"", separator, bridge.name);
    pairs += fmt::format("{0}\"{1}\" . \"{1}\"", separator, bridge.name);
    subnets += fmt::format(
        "{}{}/{}", separator, format_ipv4(bridge.subnet.network), bridge.subnet.prefix_length);
  }
  const auto elements = [](const std::string& list) {
    return list.empty() ? std::string() : fmt::format("    elements = {{ {} }}\n", list);
  };

  // "table" alone makes it if it is missing, so that "delete" never fails.
  std::string text = fmt::format("table ip {0}\ndelete table ip {0}\ntable ip {0} {{\n", kNftTable);
  text += "  set bridges {\n    type ifname\n" + elements(names) + "  }\n";
  text += "  set bridge_pairs {\n    type ifname . ifname\n" + elements(pairs) + "  }\n";
  text += "  set subnets {\n    type ipv4_addr\n    flags interval\n" + elements(subnets) + "  }\n";
  text +=
      "  map ports {\n"
      "    type inet_proto . inet_service : ipv4_addr . inet_service\n  }\n"
      "  map address_ports {\n"
      "    type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service\n  }\n";
  text += fmt::format(fmt::runtime(kChains), fmt::arg("layout", kNftLayoutChain));
  text += "}\n";
  return text + plan_nft_add_ports(ports);
}

std::string plan_nft_add_ports(std::span<const PortElement> ports) {
  std::string text;
  for (const PortElement& port : ports) {
    fmt::format_to(std::back_inserter(text),
                   "add element ip {} {} {{ {} : {} }}\n",
                   kNftTable,
                   map_of(port),
                   key_of(port),
                   value_of(port));
  }
  return text;
}

std::string plan_nft_delete_ports(std::span<const PortElement> ports) {
  std::string text;
  for (const PortElement& port : ports) {
    fmt::format_to(std::back_inserter(text),
                   "delete element ip {} {} {{ {} : {} }}\n",
                   kNftTable,
                   map_of(port),
                   key_of(port),
                   value_of(port));
  }
  return text;
}

}  // namespace ikada
