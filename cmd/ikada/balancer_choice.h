// Load balancers, as people name them and wait for them.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "cmd/ikada/api_client.h"

namespace ikada {

// As DescribeLoadBalancers answers it. kNotFound.
Result<Json> find_balancer(const ApiClient& api, const std::string& name);

// All of them, likewise.
Result<std::vector<Json>> list_all_balancers(const ApiClient& api);

// Whether what impairs a balancer, as its State's reason has it, is about listeners of these ports
// alone. Pure.
bool concerns_only(const std::string& reason, const std::set<std::int64_t>& ports);

struct AwaitedBalancer {
  std::string name = {};
  std::set<std::int64_t> leaving = {};  // Ports of listeners that need not be served.
};

// Waits until every host that carries the balancer serves it as it is on record; tells on stderr
// how it comes along, from what has been `shown` on. kUnavailable, with the reason, when one
// cannot, or not within a minute.
Result<void> wait_for_balancer(const ApiClient& api,
                               const AwaitedBalancer& awaited,
                               std::string& shown);

}  // namespace ikada
