// A target group as CreateTargetGroup and ModifyTargetGroup are given it.
#pragma once

#include <string>

#include "cluster/api/elb/elb_lookup.h"

namespace ikada::elb {

struct MatcherInput {
  std::optional<std::string> http_code = {};
  std::optional<std::string> grpc_code = {};
};
void describe(JsonFields& fields, MatcherInput& input);

struct HealthCheckInput {
  std::optional<std::string> protocol = {};
  std::optional<std::string> port = {};
  std::optional<bool> enabled = {};
  std::optional<std::string> path = {};
  std::optional<std::int32_t> interval_seconds = {};
  std::optional<std::int32_t> timeout_seconds = {};
  std::optional<std::int32_t> healthy_threshold = {};
  std::optional<std::int32_t> unhealthy_threshold = {};
  std::optional<MatcherInput> matcher = {};
};
void describe(JsonFields& fields, HealthCheckInput& input);

// Puts what is given into the group's check. ValidationError.
Result<void> set_health_check(TargetGroup& group, const HealthCheckInput& input);

}  // namespace ikada::elb
