// The network load balancers of this host as the kernel carries them out: from listeners and their
// targets to the table of net/balanced_table.h. Pure.
//
// How a target is reached, and whether it sees the client's address:
//
//   on this host, with a published port      the container itself                     yes
//   on this host, in network mode host       the host's own address                   yes; not
//                                            datagrams of containers on this host
//   in the network of tasks, wherever        its address                              yes
//   on another host, with a port there       that host's address in the network of    yes
//                                            tasks, whose answers come back here
//   on another host, in a cluster without    that host's address                      no
//   a network of tasks
//   any other address                        as it is                                 no
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cluster/loadbalancing/network_targets.h"
#include "cluster/state/state.h"
#include "net/balanced_table.h"
#include "net/nft_plan.h"

namespace ikada {

// What this host knows of itself and of the others.
struct NetworkSight {
  std::string node = {};                    // Empty: it is in no cluster.
  std::uint32_t address = 0;                // Of this host; 0: not known.
  std::optional<Ipv4Subnet> pool = {};      // Of the network of tasks, if this host takes part.
  std::vector<std::uint32_t> hosts = {};    // Addresses of the cluster's hosts.
  std::vector<PortElement> published = {};  // By containers on this host.
};

// All but the published ports.
NetworkSight network_sight(const ScopeState& home, const std::string& node);

// `address` is 0 for a program on a host that does not know its own.
BalancedTarget resolve_target(const PlannedTarget& target, bool is_udp, const NetworkSight& sight);

// `owned`: addresses that are a balancer's own, which others' listeners do not have.
BalancedTable plan_network_table(const std::vector<NetworkListener>& listeners,
                                 const NetworkSight& sight,
                                 std::vector<std::uint32_t> owned = {});

// Those of all balancers with listeners.
std::vector<std::uint32_t> owned_addresses(const BalancerPlan& plan);

}  // namespace ikada
