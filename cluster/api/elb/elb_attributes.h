// Attributes of load balancers and target groups: their names, defaults and what they may be.
//
// Records keep what differs from the defaults. Attributes of application load balancers that change
// nothing here are kept and shown, so that tools find what they have set; this folder's README says
// which act. Of network load balancers they can have the value only that ikada acts by.
//
// Source: Elastic Load Balancing API Reference, LoadBalancerAttribute, TargetGroupAttribute.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster/api/elb/elb_lookup.h"

namespace ikada::elb {

struct AttributeInput {
  std::string key = {};
  std::string value = {};
};
void describe(JsonFields& fields, AttributeInput& input);

using Attributes = std::map<std::string, std::string>;

// [{"Key", "Value"}…], all of them.
Json show_balancer_attributes(const LoadBalancer& balancer);
Json show_group_attributes(const TargetGroup& group);

// Sets them. ValidationError for a key or value that there is not.
Result<void> set_balancer_attributes(LoadBalancer& balancer,
                                     const std::vector<AttributeInput>& inputs);
Result<void> set_group_attributes(TargetGroup& group, const std::vector<AttributeInput>& inputs);

// The value, set or by default.
std::string balancer_attribute(const LoadBalancer& balancer, const std::string& key);

}  // namespace ikada::elb
