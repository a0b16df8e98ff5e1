// What the ARNs in a request of Elastic Load Balancing stand for, and what the nouns have to do
// with each other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/api/api_call.h"
#include "cluster/api/outcome.h"
#include "cluster/api/page.h"
#include "cluster/model/balancer_arn.h"

namespace ikada::elb {

// "ValidationError": what no parameter of the API may be.
template <typename... Args>
Error validation_error(fmt::format_string<Args...> format, Args&&... args) {
  return ecs_error("ValidationError", format, std::forward<Args>(args)...);
}

// LoadBalancerNotFound.
Result<const Kept<LoadBalancer>*> find_balancer(const ApiCall& call,
                                                const State& state,
                                                std::string_view arn);

struct FoundListener {
  const Kept<LoadBalancer>* balancer = nullptr;
  const Kept<Listener>* listener = nullptr;
};
// ListenerNotFound.
Result<FoundListener> find_listener(const ApiCall& call, const State& state, std::string_view arn);

struct FoundRule : FoundListener {
  size_t index = 0;         // Of the rule in its listener.
  bool is_default = false;  // The listener's own actions, which have a rule's ARN, too.
};
// RuleNotFound.
Result<FoundRule> find_rule(const ApiCall& call, const State& state, std::string_view arn);

// TargetGroupNotFound.
Result<const Kept<TargetGroup>*> find_target_group(const ApiCall& call,
                                                   const State& state,
                                                   std::string_view arn);

// The listeners of a balancer, by port.
std::vector<const Kept<Listener>*> listeners_of(const ScopeState& scope, std::string_view balancer);

// Whether the listener forwards to that group, in whatever rule.
bool forwards_to(const Listener& listener, std::string_view group);

// The names of the balancers that forward to the group; at most one.
std::vector<std::string> balancers_of_group(const ScopeState& scope, std::string_view group);

// The id of the rule that a listener's default actions are.
std::string default_rule_id(const Listener& listener);

// Sixteen hexadecimal digits.
std::string make_id(const ApiCall& call);

// Puts a record again as it is, so that whoever removes it at the same time must look again.
template <typename T>
void touch(Proposal& proposal, std::string key, const Kept<T>& record) {
  proposal.put(std::move(key), record.value, record.revision);
}

struct PageFields {
  std::optional<std::string> marker = {};
  std::optional<std::int32_t> page_size = {};
};
void describe(JsonFields& fields, PageFields& page);

// {member: […], "NextMarker": …}, as page_of().
Result<Json> elb_page(std::vector<ListItem> items, const PageFields& page, const char* member);

}  // namespace ikada::elb
