// The names of load balancers and target groups.
#pragma once

#include <string>

#include "runtime/base/result.h"

namespace ikada::elb {

// 1–32 letters, digits and hyphens, no hyphen at either end. ValidationError, which calls it
// `what`.
Result<void> check_elb_name(const char* what, const std::string& name);

}  // namespace ikada::elb
