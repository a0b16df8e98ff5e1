// A service of the state as the service scheduler looks at it, and as the API shows it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cluster/api/api_call.h"
#include "cluster/service/task_health.h"
#include "cluster/state/state.h"

namespace ikada {

// Good as long as the state is, and what the call knows of targets.
service::ServiceView view_of_service(const ScopeState& scope,
                                     const ClusterState& cluster,
                                     const ServiceState& service,
                                     const ApiCall& call);

// Null JSON if the service is gone.
Json show_service(const ApiCall& call,
                  const State& state,
                  std::string_view cluster,
                  std::string_view name,
                  bool with_tags);

// The answer of an action that changes a service: {"service": …} of the state then.
std::function<Json(const State& after)> answer_with_service(const ApiCall& call,
                                                            std::string cluster,
                                                            std::string name);

}  // namespace ikada
