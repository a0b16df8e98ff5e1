// The order in which a listener tries its rules.
#pragma once

#include "cluster/model/load_balancer.h"
#include "runtime/base/result.h"

namespace ikada::elb {

// Sorts the rules by priority. ValidationError for a priority that there is not, PriorityInUse for
// two of the same.
Result<void> order_rules(Listener& listener);

}  // namespace ikada::elb
