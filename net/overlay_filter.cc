#include "net/overlay_filter.h"

#include <fmt/format.h>

namespace ikada {

namespace {

// The VXLAN header lies behind the eight bytes of UDP's; its number is in the fifth to the seventh
// byte, RFC 7348 section 5.
//
// Between tasks nothing is translated and everything is let through, so nobody has to remember
// their connections; what is for the host itself may be for a published port.
constexpr const char* kIpChains = R"(  chain {layout} {{
    accept
  }}
  chain guard {{
    type filter hook prerouting priority raw; policy accept;
    iifname "ikada*" fib saddr . iif oif missing drop
    iifname "{bridge}" ip saddr {pool} ip daddr {pool} fib daddr type unicast notrack
    iifname "{device}" ip saddr {pool} ip daddr {pool} fib daddr type unicast notrack
  }}
  chain input {{
    type filter hook input priority filter; policy accept;
    udp dport {port} @th,96,24 {vni} ip saddr != @peers drop
  }}
  chain forward {{
    type filter hook forward priority filter; policy accept;
    iifname "{bridge}" oifname "{device}" accept
    iifname "{device}" oifname "{bridge}" accept
    udp dport {port} @th,96,24 {vni} ip saddr != @peers drop
    iifname "{device}" ct state established,related accept
    iifname "{device}" ct status dnat accept
    iifname "{device}" drop
    oifname {{ "{bridge}", "{device}" }} ct state established,related accept
    oifname {{ "{bridge}", "{device}" }} iifname != "ikada*" drop
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {subnet} oifname != "ikada*" masquerade
    ip saddr != {pool} oifname "{device}" masquerade
  }}
)";

constexpr const char* kBridgeTable = R"(table bridge {table}
delete table bridge {table}
table bridge {table} {{
  set ports {{
    type ifname
  }}
  set sources {{
    type ifname . ether_addr . ipv4_addr
  }}
  chain guard {{
    type filter hook prerouting priority -300; policy accept;
    iifname != @ports accept
    iifname . ether saddr . ip saddr @sources accept
    iifname . ether saddr . arp saddr ip @sources accept
    drop
  }}
}}
)";

std::string text_of(const Ipv4Subnet& subnet) {
  return fmt::format("{}/{}", format_ipv4(subnet.network), subnet.prefix_length);
}

std::string change_source(std::string_view verb, const TaskSource& source) {
  return fmt::format(
      "{0} element bridge {1} ports {{ \"{2}\" }}\n"
      "{0} element bridge {1} sources {{ \"{2}\" . {3} . {4} }}\n",
      verb,
      kTaskTable,
      source.host_interface,
      format_mac(mac_of(source.address)),
      format_ipv4(source.address));
}

}  // namespace

std::string plan_task_tables(const OverlayConfig& config, std::span<const TaskSource> sources) {
  std::string text =
      fmt::format("table ip {0}\ndelete table ip {0}\ntable ip {0} {{\n", kTaskTable);
  text += "  set peers {\n    type ipv4_addr\n  }\n";
  text += fmt::format(fmt::runtime(kIpChains),
                      fmt::arg("layout", kTaskLayoutChain),
                      fmt::arg("port", config.port),
                      fmt::arg("vni", config.vni),
                      fmt::arg("device", kOverlayDevice),
                      fmt::arg("bridge", kTaskBridge),
                      fmt::arg("subnet", text_of(config.subnet)),
                      fmt::arg("pool", text_of(config.pool)));
  text += "}\n";
  text += fmt::format(fmt::runtime(kBridgeTable), fmt::arg("table", kTaskTable));
  std::vector<std::uint32_t> peers;
  for (const OverlayPeer& peer : config.peers) peers.push_back(peer.address);
  text += plan_peer_changes({}, peers);
  for (const TaskSource& source : sources) text += plan_add_source(source);
  return text;
}

std::string plan_add_source(const TaskSource& source) { return change_source("add", source); }

std::string plan_delete_source(const TaskSource& source) { return change_source("delete", source); }

std::string plan_peer_changes(std::span<const std::uint32_t> removed,
                              std::span<const std::uint32_t> added) {
  std::string text;
  for (const std::uint32_t address : removed) {
    text += fmt::format("delete element ip {} peers {{ {} }}\n", kTaskTable, format_ipv4(address));
  }
  for (const std::uint32_t address : added) {
    text += fmt::format("add element ip {} peers {{ {} }}\n", kTaskTable, format_ipv4(address));
  }
  return text;
}

std::string plan_remove_task_tables() {
  return fmt::format(
      "table ip {0}\ndelete table ip {0}\ntable bridge {0}\ndelete table bridge {0}\n", kTaskTable);
}

}  // namespace ikada
