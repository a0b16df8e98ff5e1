// Which group a listener sends a request to, as lines of its frontend.
//
// What most listeners are needs no variables and expressions, which together cost a tenth of the
// requests that HAProxy can pass on: rules that forward to one group each name it as the backend.
// Others leave the rule in txn.rule, for the access log, too, and the group's section in txn.group.
//
// Source: HAProxy 2.6 Configuration Manual, 4.2 "use_backend", "http-request set-var".
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cluster/loadbalancing/balancer_plan.h"

namespace ikada {

// `groups` are here the names of those that the plan has.
std::vector<std::string> routing_lines(const PlannedListener& listener,
                                       const std::set<std::string>& groups);

// The groups of a listener that the plan has, each once.
std::set<std::string> used_groups(const PlannedListener& listener,
                                  const std::set<std::string>& groups);

// The group that gets all that these actions are for, if there is just one; or nothing.
std::string only_group(const std::vector<ListenerAction>& actions,
                       const std::set<std::string>& groups);

// All to this group: to its targets whatever their health while none is healthy.
std::vector<std::string> default_backend_lines(const std::string& group);

}  // namespace ikada
