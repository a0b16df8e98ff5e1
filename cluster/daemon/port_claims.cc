#include "cluster/daemon/port_claims.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "cluster/loadbalancing/group_targets.h"

namespace ikada {

std::vector<NetworkListener> PortClaims::choose(const std::vector<NetworkListener>& listeners,
                                                const FindUse& find_use,
                                                Clock::time_point now) {
  std::vector<NetworkListener> chosen;
  const auto before = std::exchange(served_, {});
  problems_.clear();
  for (const NetworkListener& each : listeners) {
    // Another port or address is another claim.
    const std::string claim = fmt::format("{} {}:{}", each.name, each.address, each.port);
    const PortUse use = find_use(each);
    const auto served = before.find(claim);
    const bool is_served = served != before.end();
    std::optional<Clock::time_point> since;
    if (use == PortUse::kTaken && is_served) since = served->second.value_or(now);
    const bool is_patient = is_served && (!since.has_value() || now < *since + kClaimPatience);
    if (use == PortUse::kFree || is_patient) {
      served_.emplace(claim, since);
      chosen.push_back(each);
    } else if (use == PortUse::kTaken) {
      problems_[each.name] = fmt::format(
          "port {}{} is taken by another program", each.port, each.is_udp ? " of UDP" : "");
    }
  }
  return chosen;
}

bool has_program(const std::vector<UdpListener>& programs, const NetworkListener& listener) {
  constexpr std::uint32_t kLoopback = 127;  // The first byte.
  const std::uint32_t address = parse_ipv4(listener.address).value_or(0);
  return std::ranges::any_of(programs, [&](const UdpListener& each) {
    if (each.port != listener.port) return false;
    if (each.address == 0 || each.address == address) return true;
    // What is sent to 127.0.0.1 is its own in any case.
    return address == 0 && each.address >> 24 != kLoopback;
  });
}

bool is_clusters_udp_port(const State& state, const std::string& instance, std::uint16_t port) {
  const auto has_port = [&](const Task& task) {
    if (std::ranges::count(task.reservation.udp_ports, port) != 0) return true;
    return std::ranges::any_of(task.containers, [&](const TaskContainer& container) {
      return std::ranges::any_of(container.network_bindings, [&](const NetworkBinding& each) {
        return each.protocol == "udp" && each.host_port == port;
      });
    });
  };
  for (const auto& [text, scope] : state.scopes()) {
    for (const auto& [name, cluster] : scope.clusters) {
      for (const auto& [id, kept] : cluster.tasks) {
        const Task& task = kept.value;
        const bool is_here = task.container_instance == instance;
        if (is_here && task.last_status != TaskStatus::kStopped && has_port(task)) return true;
      }
    }
  }
  return false;
}

bool has_own_target(const BalancerPlan& plan, const NetworkSight& sight, std::uint16_t port) {
  return std::ranges::any_of(plan.groups, [&](const PlannedGroup& group) {
    return std::ranges::any_of(group.targets, [&](const PlannedTarget& each) {
      if (each.port != port) return false;
      if (each.address == kOwnAddress) return true;
      if (!each.node.empty()) return each.node == sight.node;
      return sight.address != 0 && parse_ipv4(each.address).value_or(0) == sight.address;
    });
  });
}

}  // namespace ikada
