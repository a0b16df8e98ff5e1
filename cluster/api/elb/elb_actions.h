// The actions of Elastic Load Balancing's API, version 2015-12-01.
//
// They read the same state as those of ECS and propose changes in the same way (actions.h); their
// errors have this API's names.
//
// Source: Elastic Load Balancing API Reference, version 2015-12-01.
#pragma once

#include "cluster/api/actions.h"

namespace ikada::elb {

// As other services of AWS name their targets; this API itself has none, its requests are forms.
inline constexpr std::string_view kTargetPrefix = "ElasticLoadBalancing_v10.";
inline constexpr std::string_view kVersion = "2015-12-01";
inline constexpr std::string_view kXmlNamespace =
    "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

Result<Outcome> add_listener_certificates(const ApiCall& call, const State& state);
Result<Outcome> add_tags(const ApiCall& call, const State& state);
Result<Outcome> create_listener(const ApiCall& call, const State& state);
Result<Outcome> create_load_balancer(const ApiCall& call, const State& state);
Result<Outcome> create_rule(const ApiCall& call, const State& state);
Result<Outcome> create_target_group(const ApiCall& call, const State& state);
Result<Outcome> delete_listener(const ApiCall& call, const State& state);
Result<Outcome> delete_load_balancer(const ApiCall& call, const State& state);
Result<Outcome> delete_rule(const ApiCall& call, const State& state);
Result<Outcome> delete_target_group(const ApiCall& call, const State& state);
Result<Outcome> deregister_targets(const ApiCall& call, const State& state);
Result<Outcome> describe_account_limits(const ApiCall& call, const State& state);
Result<Outcome> describe_listener_attributes(const ApiCall& call, const State& state);
Result<Outcome> describe_listener_certificates(const ApiCall& call, const State& state);
Result<Outcome> describe_listeners(const ApiCall& call, const State& state);
Result<Outcome> describe_load_balancer_attributes(const ApiCall& call, const State& state);
Result<Outcome> describe_load_balancers(const ApiCall& call, const State& state);
Result<Outcome> describe_rules(const ApiCall& call, const State& state);
Result<Outcome> describe_ssl_policies(const ApiCall& call, const State& state);
Result<Outcome> describe_tags(const ApiCall& call, const State& state);
Result<Outcome> describe_target_group_attributes(const ApiCall& call, const State& state);
Result<Outcome> describe_target_groups(const ApiCall& call, const State& state);
Result<Outcome> describe_target_health(const ApiCall& call, const State& state);
Result<Outcome> modify_listener(const ApiCall& call, const State& state);
Result<Outcome> modify_load_balancer_attributes(const ApiCall& call, const State& state);
Result<Outcome> modify_rule(const ApiCall& call, const State& state);
Result<Outcome> modify_target_group(const ApiCall& call, const State& state);
Result<Outcome> modify_target_group_attributes(const ApiCall& call, const State& state);
Result<Outcome> register_targets(const ApiCall& call, const State& state);
Result<Outcome> remove_listener_certificates(const ApiCall& call, const State& state);
Result<Outcome> remove_tags(const ApiCall& call, const State& state);
Result<Outcome> set_ip_address_type(const ApiCall& call, const State& state);
Result<Outcome> set_rule_priorities(const ApiCall& call, const State& state);
Result<Outcome> set_security_groups(const ApiCall& call, const State& state);
Result<Outcome> set_subnets(const ApiCall& call, const State& state);

// Null for a name that is no action.
const ActionEntry* find_action(std::string_view name);

}  // namespace ikada::elb
