// Where the listeners of network load balancers send new connections: the plan, and what this
// host's checks say of the targets.
//
// Healthy targets get them; where none is healthy, all that are not drained (fail open). Whoever
// has a connection already keeps it. The same plan and observations give the same list.
//
// Source: Elastic Load Balancing, Network Load Balancers, "Target groups".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/loadbalancing/balancer_plan.h"

namespace ikada {

struct NetworkListener {
  std::string name = {};     // As in the plan, with the protocol behind it: "web.0123…/udp".
  std::string address = {};  // Empty: every address of the host.
  std::uint16_t port = 0;
  bool is_udp = false;
  bool is_by_source = false;   // A client has one target, whatever ports it comes from.
  bool hides_clients = false;  // Targets see the balancer's address.
  std::vector<PlannedTarget> targets = {};

  bool operator==(const NetworkListener&) const = default;
};

// TCP_UDP are two.
std::vector<NetworkListener> find_network_targets(const BalancerPlan& plan,
                                                  const TargetObservations& seen);

// Targets whose connections have to end now: of those in `before` that are not healthy any more
// while others of their group are, those that are gone without a drain, and after it where the
// group's attributes say so.
struct EndedTarget {
  PlannedTarget target = {};
  bool is_udp = false;
};
std::vector<EndedTarget> find_ended_targets(const BalancerPlan& before,
                                            const BalancerPlan& after,
                                            const TargetObservations& seen);

// All that still drain, with their groups' names.
struct DrainingTarget {
  std::string group = {};
  PlannedTarget target = {};
};
std::vector<DrainingTarget> find_draining_targets(const BalancerPlan& plan);

}  // namespace ikada
