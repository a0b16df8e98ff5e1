// What there is to do for wishes, against what is there: found first, shown, then done in order.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cmd/ikada/api_client.h"
#include "cmd/ikada/apply_wishes.h"

namespace ikada {

struct ApplyStep {
  char sign = '=';                      // + made, ~ changed, - removed, = as it is.
  std::string thing = {};               // "service web"
  std::vector<std::string> lines = {};  // What is changed.
  std::function<Result<void>()> run = {};
  std::string balancer = {};  // The load balancer that it is about, or part of.
};
using ApplySteps = std::vector<ApplyStep>;

// Runs the steps in order. Where one fails because somebody else has done it meanwhile, what is
// left to do is planned anew; where the same is still to be done, its failure is the whole's.
using PlanAgain = std::function<Result<ApplySteps>()>;
Result<void> carry_out(ApplySteps steps, const PlanAgain& plan_again);

// The steps refer to `api`. A change that the API cannot make is kInvalid here, before anything is
// done.
Result<ApplySteps> plan_group(const ApiClient& api, const Json& wish);
Result<ApplySteps> plan_balancer(const ApiClient& api, const Json& wish);
Result<ApplySteps> plan_definition(const ApiClient& api, const Json& wish);
// `new_definitions`: the families of which a new revision will be registered before.
Result<ApplySteps> plan_service(const ApiClient& api,
                                const std::string& cluster,
                                const Json& wish,
                                const std::vector<std::string>& new_definitions);

// The ARN of what is there by then. kNotFound.
Result<std::string> find_group_arn(const ApiClient& api, const std::string& name);

}  // namespace ikada
