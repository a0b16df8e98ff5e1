// From what HAProxy runs to what a plan wants of its servers.
//
// The commands are safe to be sent again: what they did shows in the next status, and what failed
// is asked for once more. Changes of anything but servers need the file to be read anew
// (haproxy_config.h).
//
// A new server comes with weight 0 and is checked; it gets weight once a check has passed. A
// draining one gets no new requests, and is deleted when it has none left. One that the plan does
// not have is deleted at once, and what it is doing ends.
//
// Source: HAProxy 2.6 Management Guide, 9.3.
#pragma once

#include <string>
#include <vector>

#include "cluster/loadbalancing/balancer_plan.h"
#include "cluster/loadbalancing/haproxy_config.h"
#include "cluster/loadbalancing/proxy_status.h"

namespace ikada {

// Each is one line for the runtime socket, of several commands if they belong together.
std::vector<std::string> proxy_changes(const ProxyStatus& status, const BalancerPlan& plan);

// Those of one group.
std::vector<std::string> group_changes(const ProxyStatus& status, const PlannedGroup& group);

// The servers to write into the file: those that HAProxy has and the plan wants, healthy ones with
// their weight; the others will wait for a check.
ConfiguredServers servers_to_keep(const ProxyStatus& status, const BalancerPlan& plan);

}  // namespace ikada
