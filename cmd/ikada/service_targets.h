// Whether load balancers send requests to the tasks of a service yet.
#pragma once

#include <string>

#include "cmd/ikada/api_client.h"

namespace ikada {

// What is awaited of a group's targets, as DescribeTargetHealth answers them, when `tasks` of a
// service are RUNNING: "1 of 2 targets are healthy". Empty: nothing; also of a group that no
// listener uses. Pure.
std::string describe_awaited_targets(const Json& targets, int tasks);

// The same of all groups of a service, as DescribeServices answers it, with the group's name. A
// group that is gone has no targets to wait for.
Result<std::string> find_awaited_targets(const ApiClient& api, const Json& service);

}  // namespace ikada
