// What a listener does with a request, as lines of a frontend.
//
// An action that forwards sets the variable txn.group to the group's section; the frontend's last
// line uses it (haproxy_config.h).
//
// Source: Elastic Load Balancing, "Action types for listener rules"; HAProxy 2.6 Configuration
// Manual, 4.2 "http-request".
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cluster/loadbalancing/balancer_plan.h"

namespace ikada {

// Sections of a group: one with checks, and the one for when no target of it is healthy.
std::string group_section(std::string_view group);
std::string open_section(std::string_view group);

// Where an action stands.
struct ActionPlace {
  const PlannedListener& listener;
  const std::set<std::string>& groups;  // The names of those that the plan has.
  std::string condition = {};           // Holds if the action is to be done; empty: always.
};

// Of `actions` the last one that ikada knows.
std::vector<std::string> action_lines(const std::vector<ListenerAction>& actions,
                                      const ActionPlace& place);

// The listener's rules as they are tried. What txn.rule numbers, from 1.
std::vector<const ListenerRule*> rules_by_priority(const PlannedListener& listener);

// The groups that `actions` forward to.
std::vector<std::string> forwarded_groups(const std::vector<ListenerAction>& actions);

}  // namespace ikada
