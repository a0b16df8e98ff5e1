// Which subnet of the cluster's network a host gets. Pure.
//
// The record of the network is changed with every subnet that is given, so that two managers, or
// two hosts at once, cannot be given the same one: the second change is refused by the store.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "cluster/api/outcome.h"
#include "cluster/state/state.h"
#include "net/route_table.h"

namespace ikada {

inline constexpr const char* kDefaultTaskNetwork = "10.120.0.0/16";

// Each host has a /24. kInvalid for a pool that is not between /8 and /22; kConflict, saying which,
// if one of the routes has addresses of it.
Result<ClusterNetwork> plan_task_network(const std::string& pool,
                                         std::span<const HostRoute> routes);
Result<void> check_task_network(const ClusterNetwork& network, std::span<const HostRoute> routes);

// The record of a new cluster's network, and the first subnet of it for its first node. Without a
// pool there is no such record.
void found_network(const Scope& scope,
                   std::int64_t known,  // The revision of a record that is there already.
                   ClusterNetwork network,
                   Node& node,
                   Proposal& proposal);

// Puts the node's subnet into its record, which the caller proposes, and the change of the network
// into `proposal`. Nothing without a network, or if it has one already. kConflict if all are taken.
Result<void> give_subnet(const ScopeState& scope, Node& node, Proposal& proposal);

// For the first node that has none though there is one for it: a manager that has put itself in.
std::optional<Proposal> plan_missing_subnet(const ScopeState& scope);

}  // namespace ikada
