// Where the listeners of network load balancers send new connections: the plan, and what this
// host's checks say of the targets.
//
// Healthy targets get them; where none is healthy, all that are not drained (fail open). The same
// plan and observations give the same list.
//
// Connections that there are go on, with two exceptions. Those to a target end when it becomes
// unhealthy or goes (find_ended_targets). And flows of UDP have no end of their own: each belongs
// to its listener and to one of `kept`, or ends. So with TCP a deleted listener, and one with
// another target group, serves on who is connected already, and with UDP nobody.
//
// Source: Elastic Load Balancing, Network Load Balancers, "Target groups", "Delete a listener",
// "Update a listener", "Edit target group attributes".
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
  std::vector<PlannedTarget> kept = {};  // Whoever has a connection to one of them keeps it.
  bool keeps_drained = false;            // And to one that has been drained and is gone.

  bool operator==(const NetworkListener&) const = default;
};

// TCP_UDP are two.
std::vector<NetworkListener> find_network_targets(const BalancerPlan& plan,
                                                  const TargetObservations& seen);

// Targets whose connections have to end now: those that are unhealthy while others of their group
// are healthy, and of those in `before` the ones that are gone without a drain, and after it where
// the group's attributes say so. Groups that no listener uses any more have none.
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
