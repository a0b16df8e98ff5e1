#include "net/balanced_table.h"

#include <iterator>

#include <fmt/format.h>

#include "net/flow_marks.h"
#include "net/overlay_filter.h"

namespace ikada {

namespace {

// Every host that carries a listener chooses alike.
constexpr std::uint32_t kHashSeed = 0x696b6164;

// What comes through VXLAN has been balanced already.
constexpr const char* kHooks = R"(  chain prerouting {{
    type nat hook prerouting priority -110; policy accept;
    iifname "{device}" accept
    goto choose
  }}
  chain output {{
    type nat hook output priority -110; policy accept;
    ip daddr 127.0.0.0/8 accept
    goto choose
  }}
  chain postrouting {{
    type nat hook postrouting priority 90; policy accept;
    ct mark {hidden:#x} masquerade
    ct mark != {open:#x} accept
    ip saddr 127.0.0.0/8 masquerade
    ip saddr @hosts oifname "{device}" masquerade
{pool}  }}
{input})";

// What programs on this host get never comes to postrouting. A program that answers a datagram of
// a container here would do so from the bridge's address, which nobody has asked.
constexpr const char* kInput = R"(  chain input {{
    type nat hook input priority 90; policy accept;
    ct mark {hidden:#x} snat to {address}
    iifname "ikada*" meta l4proto udp ct mark {open:#x} snat to {address}
  }}
)";

std::string target_chain(size_t number, bool is_udp, const BalancedTarget& target) {
  const std::string place =
      target.address == 0 ? "redirect to " : "dnat to " + format_ipv4(target.address);
  return fmt::format("  chain t{} {{\n    meta l4proto {} ct mark set {:#x} {}:{}\n  }}\n",
                     number,
                     is_udp ? "udp" : "tcp",
                     target.hides_client ? kHiddenFlowMark : kOpenFlowMark,
                     place,
                     target.port);
}

// The rule of a listener whose targets have the chains from `first` on.
std::string listener_rule(const BalancedListener& listener, size_t first) {
  const char* protocol = listener.is_udp ? "udp" : "tcp";
  std::string rule = listener.address == 0
                         ? std::string("fib daddr type local ip daddr != @owned")
                         : fmt::format("ip daddr {}", format_ipv4(listener.address));
  rule += fmt::format(" {} dport {}", protocol, listener.port);
  const size_t count = listener.targets.size();
  if (count == 1) return fmt::format("    {} goto t{}\n", rule, first);
  std::string choices;
  for (size_t i = 0; i < count; ++i) {
    fmt::format_to(
        std::back_inserter(choices), "{}{} : goto t{}", i == 0 ? "" : ", ", i, first + i);
  }
  const std::string source =
      listener.is_by_source ? "ip saddr" : fmt::format("ip saddr . {} sport", protocol);
  return fmt::format(
      "    {} jhash {} mod {} seed {:#x} vmap {{ {} }}\n", rule, source, count, kHashSeed, choices);
}

std::string address_set(const char* name, const std::vector<std::uint32_t>& addresses) {
  std::string elements;
  for (const std::uint32_t each : addresses) {
    elements += fmt::format("{}{}", elements.empty() ? "" : ", ", format_ipv4(each));
  }
  if (!elements.empty()) elements = fmt::format("    elements = {{ {} }}\n", elements);
  return fmt::format("  set {} {{\n    type ipv4_addr\n{}  }}\n", name, elements);
}

}  // namespace

std::string plan_balanced_table(const BalancedTable& table) {
  std::string text =
      fmt::format("table ip {0}\ndelete table ip {0}\ntable ip {0} {{\n", kBalancerTable);
  fmt::format_to(
      std::back_inserter(text), "  chain {} {{\n    accept\n  }}\n", kBalancerLayoutChain);
  text += address_set("hosts", table.hosts) + address_set("owned", table.owned);
  std::string rules;
  size_t number = 0;
  for (const BalancedListener& listener : table.listeners) {
    if (listener.targets.empty()) continue;
    rules += listener_rule(listener, number);
    for (const BalancedTarget& target : listener.targets) {
      text += target_chain(number++, listener.is_udp, target);
    }
  }
  text += "  chain choose {\n" + rules + "  }\n";
  std::string pool;
  if (table.pool.has_value()) {
    pool = fmt::format("    ip saddr {}/{} masquerade\n",
                       format_ipv4(table.pool->network),
                       table.pool->prefix_length);
  }
  std::string input;
  if (table.address != 0) {
    input = fmt::format(fmt::runtime(kInput),
                        fmt::arg("hidden", kHiddenFlowMark),
                        fmt::arg("open", kOpenFlowMark),
                        fmt::arg("address", format_ipv4(table.address)));
  }
  text += fmt::format(fmt::runtime(kHooks),
                      fmt::arg("device", kOverlayDevice),
                      fmt::arg("hidden", kHiddenFlowMark),
                      fmt::arg("open", kOpenFlowMark),
                      fmt::arg("pool", pool),
                      fmt::arg("input", input));
  return text + "}\n";
}

std::string plan_remove_balanced_table() {
  return fmt::format("table ip {0}\ndelete table ip {0}\n", kBalancerTable);
}

}  // namespace ikada
