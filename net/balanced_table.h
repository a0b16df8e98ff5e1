// The commands for nft(8)'s language that make the table `ip ikada_balancers`: the network load
// balancers of this host. Pure; the executor is nft.h.
//
// A new connection to a listener is translated to one of its targets, by a hash of where it comes
// from; from then on connection tracking does it, so that the table may change at any time. It is
// made anew, whole, in one transaction.
//
// A target sees the client's address where its answer comes back through this host all the same:
// from this host's own targets, and from those that are reached through VXLAN (overlay_filter.h).
// The address is hidden behind this host's where the answer would take another way: for targets
// that are reached otherwise, for clients in the network of tasks or on the hosts themselves, and
// for datagrams of this host's containers to its own programs.
//
// Connections to 127.0.0.1 are left to whoever listens there.
//
// Source: nft(8); Linux Documentation/networking/nf_conntrack-sysctl.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/ipv4.h"

namespace ikada {

constexpr const char* kBalancerTable = "ikada_balancers";
constexpr const char* kBalancerLayoutChain = "layout_1";

struct BalancedTarget {
  std::uint32_t address = 0;  // 0: this host's own, where the packet came in.
  std::uint16_t port = 0;
  bool hides_client = false;

  bool operator==(const BalancedTarget&) const = default;
};

// Without targets its connections are left to whoever listens at the port.
struct BalancedListener {
  std::uint32_t address = 0;  // 0: each address of this host that is not in `owned`.
  std::uint16_t port = 0;
  bool is_udp = false;
  bool is_by_source = false;  // A client has one target, whatever ports it comes from.
  std::vector<BalancedTarget> targets = {};

  bool operator==(const BalancedListener&) const = default;
};

struct BalancedTable {
  std::optional<Ipv4Subnet> pool = {};    // Of the network of tasks.
  std::vector<std::uint32_t> hosts = {};  // Of the cluster, this one among them.
  std::vector<std::uint32_t> owned = {};  // Addresses that one balancer alone has.
  std::uint32_t address = 0;  // Of this host, for clients that are hidden; 0: not known.
  std::vector<BalancedListener> listeners;  // Two of one port: the first.
};

std::string plan_balanced_table(const BalancedTable& table);
// Nothing fails if it is not there.
std::string plan_remove_balanced_table();

}  // namespace ikada
