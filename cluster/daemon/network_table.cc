#include "cluster/daemon/network_table.h"

#include <algorithm>
#include <set>
#include <utility>

#include "cluster/loadbalancing/group_targets.h"

namespace ikada {
namespace {

const PortElement* find_published(const NetworkSight& sight, bool is_udp, std::uint16_t port) {
  const auto found = std::ranges::find_if(sight.published, [&](const PortElement& each) {
    const bool is_reached = each.host_ip == 0 || each.host_ip == sight.address;
    return each.udp == is_udp && each.host_port == port && is_reached;
  });
  return found == sight.published.end() ? nullptr : &*found;
}

BalancedTarget at(const std::string& address, std::uint16_t port, bool hides_client) {
  return {.address = parse_ipv4(address).value_or(0), .port = port, .hides_client = hides_client};
}

}  // namespace

NetworkSight network_sight(const ScopeState& home, const std::string& node) {
  NetworkSight sight{.node = node};
  bool takes_part = false;
  for (const auto& [id, each] : home.nodes) {
    const Result<std::uint32_t> address = parse_ipv4(each.value.address);
    if (address.has_value()) sight.hosts.push_back(*address);
    if (id != node) continue;
    sight.address = address.value_or(0);
    takes_part = each.value.subnet.has_value();
  }
  std::ranges::sort(sight.hosts);
  sight.hosts.erase(std::unique(sight.hosts.begin(), sight.hosts.end()), sight.hosts.end());
  const Result<Ipv4Subnet> pool = parse_ipv4_subnet(home.network.value.pool);
  if (takes_part && pool.has_value()) sight.pool = *pool;
  return sight;
}

BalancedTarget resolve_target(const PlannedTarget& target, bool is_udp, const NetworkSight& sight) {
  const bool is_own =
      target.address == kOwnAddress || (!target.node.empty() && target.node == sight.node);
  if (is_own) {
    const PortElement* published = find_published(sight, is_udp, target.port);
    if (published == nullptr) return {.address = sight.address, .port = target.port};
    return {.address = published->container_ip, .port = published->container_port};
  }
  if (!target.node.empty()) {
    const bool has_tunnel = sight.pool.has_value() && !target.tunnel.empty();
    return at(has_tunnel ? target.tunnel : target.address, target.port, !has_tunnel);
  }
  BalancedTarget found = at(target.address, target.port, false);
  found.hides_client = !sight.pool.has_value() || !sight.pool->contains(found.address);
  return found;
}

BalancedTable plan_network_table(const std::vector<NetworkListener>& listeners,
                                 const NetworkSight& sight,
                                 std::vector<std::uint32_t> owned) {
  BalancedTable table{.pool = sight.pool,
                      .hosts = sight.hosts,
                      .owned = std::move(owned),
                      .address = sight.address,
                      .listeners = {}};
  for (const NetworkListener& each : listeners) {
    const Result<std::uint32_t> address = parse_ipv4(each.address);
    if (!each.address.empty() && !address.has_value()) continue;
    BalancedListener listener{.address = address.value_or(0),
                              .port = each.port,
                              .is_udp = each.is_udp,
                              .is_by_source = each.is_by_source};
    for (const PlannedTarget& target : each.targets) {
      BalancedTarget resolved = resolve_target(target, each.is_udp, sight);
      if (each.hides_clients) resolved.hides_client = true;
      listener.targets.push_back(resolved);
    }
    table.listeners.push_back(std::move(listener));
  }
  return table;
}

std::vector<std::uint32_t> owned_addresses(const BalancerPlan& plan) {
  std::set<std::uint32_t> owned;
  for (const PlannedListener& each : plan.listeners) {
    const Result<std::uint32_t> address = parse_ipv4(each.address);
    if (address.has_value()) owned.insert(*address);
  }
  return {owned.begin(), owned.end()};
}

}  // namespace ikada
