#include "cluster/loadbalancing/address_holders.h"

#include <algorithm>
#include <map>

namespace ikada {
namespace {

// How many addresses each host has that may have some.
std::map<std::string, size_t> usable_hosts(const std::vector<Carrier>& carriers) {
  std::map<std::string, size_t> usable;
  for (const bool takes_draining : {false, true}) {
    for (const Carrier& each : carriers) {
      if (each.is_alive && (takes_draining || !each.is_draining)) usable.emplace(each.node, 0);
    }
    if (!usable.empty()) break;
  }
  return usable;
}

}  // namespace

std::vector<HolderChange> plan_holders(const State& state, const std::vector<Carrier>& carriers) {
  std::map<std::string, size_t> usable = usable_hosts(carriers);
  if (usable.empty()) return {};
  std::vector<HolderChange> changes;
  for (const auto& [text, scope] : state.scopes()) {
    for (const auto& [name, balancer] : scope.balancers) {
      if (balancer.value.address.empty()) continue;
      const auto holder = usable.find(balancer.value.holder);
      if (holder != usable.end()) {
        ++holder->second;
      } else {
        changes.push_back({.scope = scope.scope, .balancer = name});
      }
    }
  }
  for (HolderChange& change : changes) {
    const auto least = std::ranges::min_element(
        usable, [](const auto& a, const auto& b) { return a.second < b.second; });
    change.holder = least->first;
    ++least->second;
  }
  return changes;
}

}  // namespace ikada
