// Load balancers, as people name them and wait for them.
#pragma once

#include <string>
#include <vector>

#include "cmd/ikada/api_client.h"

namespace ikada {

// As DescribeLoadBalancers answers it. kNotFound.
Result<Json> find_balancer(const ApiClient& api, const std::string& name);

// All of them, likewise.
Result<std::vector<Json>> list_all_balancers(const ApiClient& api);

// Waits until every host that carries the balancer serves it as it is on record; tells on stderr
// how it comes along. kUnavailable, with the reason, when one cannot, or not within a minute.
Result<void> wait_for_balancer(const ApiClient& api, const std::string& name);

}  // namespace ikada
