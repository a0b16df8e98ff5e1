// Services of a cluster, as people name them and wait for them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cmd/ikada/api_client.h"
#include "cmd/ikada/context.h"

namespace ikada {

struct ServiceChoice {
  std::string cluster = "default";
  std::string name = {};
};

// As DescribeServices answers it. kNotFound.
Result<Json> find_service(const ApiClient& api, const ServiceChoice& choice);

// All of a cluster's, as DescribeServices answers them.
Result<std::vector<Json>> list_all_services(const ApiClient& api, const std::string& cluster);

// Whether a deployment that somebody else has made meanwhile will do, too.
using WillDo = std::function<Result<bool>()>;

// Waits until the service has one deployment, which is completed, all its tasks are RUNNING, and
// load balancers find them healthy; tells on stderr how it comes along. kUnavailable, with the
// reason, when its newest deployment failed or was rolled back, or another one has taken its place;
// that one is waited for if it will do.
Result<void> wait_for_service(const ApiClient& api,
                              const ServiceChoice& choice,
                              const WillDo& will_do = {});

}  // namespace ikada
