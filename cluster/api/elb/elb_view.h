// What Elastic Load Balancing's API shows of its nouns.
#pragma once

#include <string>

#include "cluster/api/elb/elb_lookup.h"
#include "cluster/loadbalancing/balancer_serving.h"

namespace ikada::elb {

Json show_balancer(const Scope& scope,
                   const LoadBalancer& balancer,
                   const BalancerCondition& condition = {});
Json show_group(const ScopeState& state, const TargetGroup& group);
Json show_listener(const ScopeState& state, const LoadBalancer& balancer, const Listener& listener);
Json show_rule(const ScopeState& state,
               const LoadBalancer& balancer,
               const Listener& listener,
               const ListenerRule& rule);
// The listener's default actions as the rule that is tried last.
Json show_default_rule(const ScopeState& state,
                       const LoadBalancer& balancer,
                       const Listener& listener);
Json show_tags(const std::vector<Tag>& tags);

// What an action answers about one listener, one rule, one balancer or one group as it then is:
// {"Listeners": […]}. Empty lists for what has gone meanwhile.
Json answer_balancer(const State& after, const Scope& scope, const std::string& name);
Json answer_group(const State& after, const Scope& scope, const std::string& name);
Json answer_listener(const State& after,
                     const Scope& scope,
                     const std::string& balancer,
                     const std::string& listener);
Json answer_rule(const State& after,
                 const Scope& scope,
                 const std::string& balancer,
                 const std::string& listener,
                 const std::string& rule);

}  // namespace ikada::elb
