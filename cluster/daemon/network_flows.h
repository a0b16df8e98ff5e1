// Which of the connections that the kernel tracks (net/balanced_flows.h) are not what the plan of
// the network load balancers wants any more, so that it has to forget them. Pure.
//
// What network_targets.h says of listeners and targets is judged by where a connection goes, not by
// what has changed: so it holds for all that a daemon finds which was away for a while, and for a
// container that has another one's port now.
//
// A TCP connection may be of a group that its listener had before: it ends if any group says so of
// its target, unless the one that the listener has now keeps it.
#pragma once

#include <compare>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "cluster/daemon/network_table.h"
#include "net/balanced_flows.h"

namespace ikada {

// Of a target, as the kernel has it.
struct FlowPlace {
  std::uint32_t address = 0;  // 0: any.
  std::uint16_t port = 0;
  bool is_udp = false;

  auto operator<=>(const FlowPlace&) const = default;
};

struct FlowListener {
  std::uint32_t address = 0;  // 0: each of this host.
  std::uint16_t port = 0;
  bool is_udp = false;
  bool is_open = false;        // It has targets for new connections.
  bool keeps_drained = false;  // As in NetworkListener.
  std::set<FlowPlace> kept = {};
};

struct FlowRules {
  // Of two that might have a connection: the one with its address, then the first.
  std::vector<FlowListener> listeners = {};
  std::set<FlowPlace> ended = {};
};

// `before` is where targets have been whose containers are gone, perhaps.
FlowRules make_flow_rules(const std::vector<NetworkListener>& listeners,
                          const std::vector<EndedTarget>& ended,
                          const NetworkSight& before,
                          const NetworkSight& sight);

bool has_to_end(const BalancedFlow& flow, const FlowRules& rules);

// Whether there may be connections that have to end by `after` and did not by `before`. What is
// only added costs no look at the kernel's connections.
bool may_end_flows(const FlowRules& before, const FlowRules& after);

// UDP listeners that have targets now and had none.
std::vector<FlowListener> find_opened(const FlowRules& before, const FlowRules& after);

// Whether a flow that is not balanced goes to one of these; `own` are this host's addresses.
// Others' flows to the same port of another address stay, and what a program at a loopback address
// has.
bool is_missed(const BalancedFlow& flow,
               std::span<const FlowListener> opened,
               const std::set<std::uint32_t>& own);

}  // namespace ikada
