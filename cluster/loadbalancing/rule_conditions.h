// A listener's rule conditions as HAProxy's access lists.
//
// Source: Elastic Load Balancing, "Condition types for listener rules"; HAProxy 2.6 Configuration
// Manual, 7.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/model/load_balancer.h"

namespace ikada {

// Lines that declare the access list `name`, which holds if the condition does: lines of one name
// are alternatives. Nothing if no request can meet it: an unknown field, no value that could match.
std::vector<std::string> condition_lines(const std::string& name, const RuleCondition& condition);

}  // namespace ikada
