#include "cluster/daemon/task_subnets.h"

#include <algorithm>
#include <set>

#include "cluster/state/record_key.h"
#include "net/ipv4.h"

namespace ikada {
namespace {

constexpr unsigned kSubnetPrefix = 24;
constexpr unsigned kLongestPoolPrefix = 22;
constexpr std::uint32_t kSubnetSize = UINT32_C(1) << (32 - kSubnetPrefix);

std::string subnet_text(std::uint32_t network) {
  return fmt::format("{}/{}", format_ipv4(network), kSubnetPrefix);
}

// The next one behind the last: a host that has gone may still have tasks with addresses of its
// own.
Result<std::string> take_subnet(ClusterNetwork& network, const std::set<std::string>& taken) {
  IK_LET(pool, parse_ipv4_subnet(network.pool));
  std::uint32_t candidate = pool.broadcast();
  if (const auto last = parse_ipv4_subnet(network.last_subnet.value_or("")); last.has_value())
    candidate = last->network;
  const std::uint32_t count = (pool.broadcast() - pool.network) / kSubnetSize + 1;
  for (std::uint32_t tried = 0; tried < count; ++tried) {
    const bool is_last = candidate > pool.broadcast() - kSubnetSize;
    candidate = is_last ? pool.network : candidate + kSubnetSize;
    std::string text = subnet_text(candidate);
    if (taken.count(text) > 0) continue;
    network.last_subnet = text;
    return text;
  }
  return make_error(
      ErrorKind::kConflict, "the network of tasks {} has no subnet left for a host", network.pool);
}

}  // namespace

Result<void> check_task_network(const ClusterNetwork& network, std::span<const HostRoute> routes) {
  IK_LET(pool, parse_ipv4_subnet(network.pool));
  const std::optional<HostRoute> collision = find_collision(routes, pool);
  if (!collision.has_value()) return {};
  return make_error(ErrorKind::kConflict,
                    "the network of tasks {} has addresses of a route of this host, {}",
                    network.pool,
                    to_text(*collision));
}

Result<ClusterNetwork> plan_task_network(const std::string& pool,
                                         std::span<const HostRoute> routes) {
  const Result<Ipv4Subnet> subnet = parse_ipv4_subnet(pool);
  if (!subnet.has_value() || subnet->prefix_length > kLongestPoolPrefix) {
    return make_error(ErrorKind::kInvalid,
                      "\"{}\" is no network of tasks: expected an IPv4 network between /8 and /{}, "
                      "like {}",
                      pool,
                      kLongestPoolPrefix,
                      kDefaultTaskNetwork);
  }
  ClusterNetwork network{.pool = pool};
  IK_TRY(check_task_network(network, routes));
  return network;
}

void found_network(const Scope& scope,
                   std::int64_t known,
                   ClusterNetwork network,
                   Node& node,
                   Proposal& proposal) {
  if (network.pool.empty()) {
    if (known != 0) proposal.remove(network_key(scope), known);
    return;
  }
  node.subnet = take_subnet(network, {}).value_or("");
  proposal.put(network_key(scope), network, known);
}

Result<void> give_subnet(const ScopeState& scope, Node& node, Proposal& proposal) {
  if (scope.network.revision == 0 || node.subnet.has_value()) return {};
  ClusterNetwork network = scope.network.value;
  std::set<std::string> taken;
  for (const auto& [id, each] : scope.nodes) taken.insert(each.value.subnet.value_or(""));
  IK_LET(subnet, take_subnet(network, taken));
  node.subnet = std::move(subnet);
  proposal.put(network_key(scope.scope), network, scope.network.revision);
  return {};
}

std::optional<Proposal> plan_missing_subnet(const ScopeState& scope) {
  for (const auto& [id, kept] : scope.nodes) {
    Node node = kept.value;
    Proposal proposal;
    if (!give_subnet(scope, node, proposal).has_value()) return std::nullopt;
    if (proposal.changes.empty()) continue;
    proposal.put(node_key(scope.scope, id), node, kept.revision);
    return proposal;
  }
  return std::nullopt;
}

}  // namespace ikada
