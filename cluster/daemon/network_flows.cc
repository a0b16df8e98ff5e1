#include "cluster/daemon/network_flows.h"

#include <algorithm>

namespace ikada {
namespace {

constexpr std::uint32_t kLoopback = 127;  // The first byte.

FlowPlace place_of(const PlannedTarget& target, bool is_udp, const NetworkSight& sight) {
  const BalancedTarget resolved = resolve_target(target, is_udp, sight);
  return {.address = resolved.address, .port = resolved.port, .is_udp = is_udp};
}

bool has_place(const std::set<FlowPlace>& places, const BalancedFlow& flow) {
  FlowPlace place{.address = flow.address, .port = flow.port, .is_udp = flow.is_udp};
  if (places.contains(place)) return true;
  place.address = 0;
  return places.contains(place);
}

bool is_same(const FlowListener& one, const FlowListener& other) {
  return one.address == other.address && one.port == other.port && one.is_udp == other.is_udp;
}

// That of the address itself before one of each address.
const FlowListener* find_listener(const FlowRules& rules, const BalancedFlow& flow) {
  for (const std::uint32_t address : {flow.listener_address, std::uint32_t{0}}) {
    const auto found = std::ranges::find_if(rules.listeners, [&](const FlowListener& each) {
      return each.address == address && each.port == flow.listener_port &&
             each.is_udp == flow.is_udp;
    });
    if (found != rules.listeners.end()) return &*found;
  }
  return nullptr;
}

}  // namespace

FlowRules make_flow_rules(const std::vector<NetworkListener>& listeners,
                          const std::vector<EndedTarget>& ended,
                          const NetworkSight& before,
                          const NetworkSight& sight) {
  FlowRules rules;
  for (const NetworkListener& each : listeners) {
    const Result<std::uint32_t> address = parse_ipv4(each.address);
    if (!each.address.empty() && !address.has_value()) continue;
    FlowListener listener{.address = address.value_or(0),
                          .port = each.port,
                          .is_udp = each.is_udp,
                          .is_open = !each.targets.empty(),
                          .keeps_drained = each.keeps_drained};
    for (const PlannedTarget& target : each.kept) {
      listener.kept.insert(place_of(target, each.is_udp, sight));
    }
    rules.listeners.push_back(std::move(listener));
  }
  for (const EndedTarget& each : ended) {
    rules.ended.insert(place_of(each.target, each.is_udp, before));
    rules.ended.insert(place_of(each.target, each.is_udp, sight));
  }
  return rules;
}

bool has_to_end(const BalancedFlow& flow, const FlowRules& rules) {
  const FlowListener* listener = find_listener(rules, flow);
  if (listener != nullptr && has_place(listener->kept, flow)) return false;
  const bool ends_with_target = !flow.is_udp || (listener != nullptr && listener->keeps_drained);
  return !ends_with_target || has_place(rules.ended, flow);
}

bool may_end_flows(const FlowRules& before, const FlowRules& after) {
  const bool has_same_listeners = std::ranges::equal(before.listeners, after.listeners, is_same);
  if (!has_same_listeners) return true;
  for (size_t i = 0; i < after.listeners.size(); ++i) {
    const FlowListener& old = before.listeners[i];
    const FlowListener& now = after.listeners[i];
    if (!std::ranges::includes(now.kept, old.kept)) return true;
    if (old.keeps_drained && !now.keeps_drained) return true;
  }
  return !std::ranges::includes(before.ended, after.ended);
}

std::vector<FlowListener> find_opened(const FlowRules& before, const FlowRules& after) {
  std::vector<FlowListener> opened;
  for (const FlowListener& each : after.listeners) {
    const bool was_open = std::ranges::any_of(before.listeners, [&](const FlowListener& old) {
      return old.is_open && is_same(old, each);
    });
    if (each.is_udp && each.is_open && !was_open) opened.push_back(each);
  }
  return opened;
}

bool is_missed(const BalancedFlow& flow,
               std::span<const FlowListener> opened,
               const std::set<std::uint32_t>& own) {
  const std::uint32_t address = flow.listener_address;
  const bool is_own = own.contains(address) && address >> 24 != kLoopback;
  return flow.is_udp && std::ranges::any_of(opened, [&](const FlowListener& each) {
           const bool is_reached = each.address == 0 ? is_own : each.address == address;
           return is_reached && each.port == flow.listener_port;
         });
}

}  // namespace ikada
