// What there is to do for wishes, against what is there: found first, shown, then done in order.
#pragma once

#include <cstdint>
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
  std::int64_t port = 0;      // Of the listener that it is about, or part of; 0: neither.
  bool is_rule = false;
};
using ApplySteps = std::vector<ApplyStep>;

struct ApplyPlan {
  ApplySteps makes = {};
  ApplySteps removals = {};  // For when what is made works: what carries requests stays till then.
};

// The steps of load balancers in an order in which they can be done: a port that one of them gives
// up and another one gets is given up first, in `makes`, and so are rules where the new ones would
// be too many beside them. Pure.
ApplyPlan order_balancer_steps(ApplySteps steps);

struct CarryOut {
  // What is left to do. Where a step fails because somebody else has done it meanwhile, that is
  // done; where the same is still to be done, its failure is the whole's.
  std::function<Result<ApplySteps>()> plan_again = {};
  // Called before a part of a load balancer is removed, if it has been changed since the last time.
  std::function<Result<void>(const std::string& balancer)> before_removal = {};
};
// Runs the steps in order.
Result<void> carry_out(ApplySteps steps, const CarryOut& how);

// What is to be done `now` and was not `before`, when all had been done: the first of it and how
// many more; what is not there any more counts in any case. Empty: nothing. Pure.
std::string describe_undone(const ApplyPlan& before, const ApplyPlan& now);

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
