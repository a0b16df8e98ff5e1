#include "net/overlay_filter.h"

#include <fmt/format.h>

#include "net/flow_marks.h"

namespace ikada {

namespace {

// The VXLAN header lies behind the eight bytes of UDP's; its number is in the fifth to the seventh
// byte, RFC 7348 section 5.
//
// Between tasks nothing is translated and everything is let through, so nobody has to remember
// their connections; what is for the host itself may be for a published port.
//
// The mark of a packet decides over its route, and VXLAN's own packets have that of what is in
// them: so a packet has it only between prerouting, or output, and postrouting. The connection's
// mark follows its last packet: a balancer's address may have moved to another host.
constexpr const char* kIpChains = R"(  chain {layout} {{
    accept
  }}
  chain guard {{
    type filter hook prerouting priority raw; policy accept;
    iifname "{device}" ip saddr != {pool} meta mark set ether saddr map @carriers accept
    iifname "ikada*" fib saddr . iif oif missing drop
    iifname "{bridge}" ip saddr {pool} ip daddr {pool} fib daddr type unicast notrack
    iifname "{device}" ip saddr {pool} ip daddr {pool} fib daddr type unicast notrack
  }}
  chain carried {{
    type filter hook prerouting priority mangle; policy accept;
    iifname "{device}" meta mark & {mask} == {returning} ct mark set meta mark
    iifname "{device}" meta mark & {mask} == {returning} meta mark set 0
    ct direction reply ct mark & {mask} == {returning} meta mark set ct mark
  }}
  chain own {{
    type nat hook prerouting priority -90; policy accept;
{own}  }}
  chain answers {{
    type route hook output priority mangle; policy accept;
    ct direction reply ct mark & {mask} == {returning} meta mark set ct mark
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
    oifname {{ "{bridge}", "{device}" }} ct mark & {mask} == {balanced} accept
    iifname "{device}" drop
    oifname {{ "{bridge}", "{device}" }} ct state established,related accept
    oifname {{ "{bridge}", "{device}" }} iifname != "ikada*" drop
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {subnet} oifname != "ikada*" masquerade
    ip saddr != {pool} oifname "{device}" ct mark != {open} masquerade
  }}
  chain leaving {{
    type filter hook postrouting priority mangle; policy accept;
    oifname "{device}" meta mark & {mask} == {returning} meta mark set 0
    oifname "{device}" tcp flags syn / syn,rst tcp option maxseg size set rt mtu
  }}
)";

constexpr const char* kOwnRule =
    "    iifname \"{}\" ct mark & {:#x} == {:#x} ip daddr {} dnat to {}\n";

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

std::string change_peer(std::string_view verb, const OverlayPeer& peer) {
  return fmt::format(
      "{0} element ip {1} peers {{ {2} }}\n"
      "{0} element ip {1} carriers {{ {3} : {4:#x} }}\n",
      verb,
      kTaskTable,
      format_ipv4(peer.address),
      format_mac(tunnel_mac_of(peer.subnet)),
      return_mark_of(peer.subnet));
}

// Answers of programs come from the address that their host is known by, not from the network's.
std::string own_rule(const OverlayConfig& config) {
  if (!config.is_address_local) return "";
  return fmt::format(kOwnRule,
                     kOverlayDevice,
                     kFlowMarkMask,
                     kReturnMarks,
                     format_ipv4(config.subnet.gateway()),
                     format_ipv4(config.address));
}

}  // namespace

std::string plan_task_tables(const OverlayConfig& config, std::span<const TaskSource> sources) {
  std::string text =
      fmt::format("table ip {0}\ndelete table ip {0}\ntable ip {0} {{\n", kTaskTable);
  text += "  set peers {\n    type ipv4_addr\n  }\n";
  text += "  map carriers {\n    type ether_addr : mark\n  }\n";
  text += fmt::format(fmt::runtime(kIpChains),
                      fmt::arg("layout", kTaskLayoutChain),
                      fmt::arg("port", config.port),
                      fmt::arg("vni", config.vni),
                      fmt::arg("device", kOverlayDevice),
                      fmt::arg("bridge", kTaskBridge),
                      fmt::arg("subnet", text_of(config.subnet)),
                      fmt::arg("pool", text_of(config.pool)),
                      fmt::arg("own", own_rule(config)),
                      fmt::arg("mask", fmt::format("{:#x}", kFlowMarkMask)),
                      fmt::arg("returning", fmt::format("{:#x}", kReturnMarks)),
                      fmt::arg("balanced", fmt::format("{:#x}", kBalancedMarks)),
                      fmt::arg("open", fmt::format("{:#x}", kOpenFlowMark)));
  text += "}\n";
  text += fmt::format(fmt::runtime(kBridgeTable), fmt::arg("table", kTaskTable));
  text += plan_peer_changes({}, config.peers);
  for (const TaskSource& source : sources) text += plan_add_source(source);
  return text;
}

std::string plan_add_source(const TaskSource& source) { return change_source("add", source); }

std::string plan_delete_source(const TaskSource& source) { return change_source("delete", source); }

std::string plan_peer_changes(std::span<const OverlayPeer> removed,
                              std::span<const OverlayPeer> added) {
  std::string text;
  for (const OverlayPeer& peer : removed) text += change_peer("delete", peer);
  for (const OverlayPeer& peer : added) text += change_peer("add", peer);
  return text;
}

std::string plan_remove_task_tables() {
  return fmt::format(
      "table ip {0}\ndelete table ip {0}\ntable bridge {0}\ndelete table bridge {0}\n", kTaskTable);
}

}  // namespace ikada
