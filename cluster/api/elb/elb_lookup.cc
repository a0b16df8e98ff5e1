#include "cluster/api/elb/elb_lookup.h"

#include <algorithm>

#include "cluster/loadbalancing/group_targets.h"

namespace ikada::elb {
namespace {

constexpr size_t kIdBytes = 8;

bool actions_forward_to(const std::vector<ListenerAction>& actions, std::string_view group) {
  return std::any_of(actions.begin(), actions.end(), [&](const ListenerAction& action) {
    return std::any_of(
        action.groups.begin(), action.groups.end(), [&](const WeightedGroup& weighted) {
          return weighted.target_group == group;
        });
  });
}

const Kept<LoadBalancer>* balancer_of(const ScopeState& scope, const BalancerPart& part) {
  const auto found = scope.balancers.find(part.name);
  if (found == scope.balancers.end() || found->second.value.id != part.id) return nullptr;
  return &found->second;
}

FoundListener listener_of(const ScopeState& scope, const BalancerPart& part) {
  FoundListener result{.balancer = balancer_of(scope, part)};
  const auto listeners = scope.listeners.find(part.name);
  if (result.balancer == nullptr || listeners == scope.listeners.end()) return result;
  const auto found = listeners->second.find(part.listener);
  if (found != listeners->second.end()) result.listener = &found->second;
  return result;
}

}  // namespace

Result<const Kept<LoadBalancer>*> find_balancer(const ApiCall& call,
                                                const State& state,
                                                std::string_view arn) {
  const std::optional<BalancerPart> part = parse_balancer_arn(arn, call.scope);
  if (!part.has_value() || part->kind != BalancerPart::Kind::kBalancer) {
    return validation_error("'{}' is not a valid load balancer ARN", arn);
  }
  const Kept<LoadBalancer>* found = balancer_of(state.scope(call.scope), *part);
  if (found == nullptr) {
    return ecs_error("LoadBalancerNotFound", "One or more load balancers not found");
  }
  return found;
}

Result<FoundListener> find_listener(const ApiCall& call, const State& state, std::string_view arn) {
  const std::optional<BalancerPart> part = parse_balancer_arn(arn, call.scope);
  if (!part.has_value() || part->kind != BalancerPart::Kind::kListener) {
    return validation_error("'{}' is not a valid listener ARN", arn);
  }
  const FoundListener found = listener_of(state.scope(call.scope), *part);
  if (found.listener == nullptr) {
    return ecs_error("ListenerNotFound", "One or more listeners not found");
  }
  return found;
}

Result<FoundRule> find_rule(const ApiCall& call, const State& state, std::string_view arn) {
  const std::optional<BalancerPart> part = parse_balancer_arn(arn, call.scope);
  if (!part.has_value() || part->kind != BalancerPart::Kind::kRule) {
    return validation_error("'{}' is not a valid listener rule ARN", arn);
  }
  FoundRule found{listener_of(state.scope(call.scope), *part)};
  if (found.listener != nullptr) {
    const std::vector<ListenerRule>& rules = found.listener->value.rules;
    found.is_default = part->rule == default_rule_id(found.listener->value);
    const auto rule = std::find_if(rules.begin(), rules.end(), [&](const ListenerRule& each) {
      return each.id == part->rule;
    });
    found.index = static_cast<size_t>(rule - rules.begin());
    if (found.is_default || rule != rules.end()) return found;
  }
  return ecs_error("RuleNotFound", "One or more rules not found");
}

Result<const Kept<TargetGroup>*> find_target_group(const ApiCall& call,
                                                   const State& state,
                                                   std::string_view arn) {
  const std::optional<BalancerPart> part = parse_balancer_arn(arn, call.scope);
  if (!part.has_value() || part->kind != BalancerPart::Kind::kTargetGroup) {
    return validation_error("'{}' is not a valid target group ARN", arn);
  }
  const Kept<TargetGroup>* found = ikada::find_target_group(state.scope(call.scope), arn);
  if (found == nullptr) {
    return ecs_error("TargetGroupNotFound", "One or more target groups not found");
  }
  return found;
}

std::vector<const Kept<Listener>*> listeners_of(const ScopeState& scope,
                                                std::string_view balancer) {
  std::vector<const Kept<Listener>*> result;
  const auto listeners = scope.listeners.find(balancer);
  if (listeners == scope.listeners.end()) return result;
  for (const auto& [id, listener] : listeners->second) result.push_back(&listener);
  std::sort(result.begin(), result.end(), [](const Kept<Listener>* a, const Kept<Listener>* b) {
    return a->value.port < b->value.port;
  });
  return result;
}

bool forwards_to(const Listener& listener, std::string_view group) {
  return actions_forward_to(listener.default_actions, group) ||
         std::any_of(listener.rules.begin(), listener.rules.end(), [&](const ListenerRule& rule) {
           return actions_forward_to(rule.actions, group);
         });
}

std::vector<std::string> balancers_of_group(const ScopeState& scope, std::string_view group) {
  std::vector<std::string> result;
  for (const auto& [balancer, listeners] : scope.listeners) {
    const bool uses = std::any_of(listeners.begin(), listeners.end(), [&](const auto& listener) {
      return forwards_to(listener.second.value, group);
    });
    if (uses) result.push_back(balancer);
  }
  return result;
}

std::string default_rule_id(const Listener& listener) {
  // Its own, and none that a rule could have been given.
  return "default" + listener.id;
}

std::string make_id(const ApiCall& call) { return call.random_hex(kIdBytes); }

void describe(JsonFields& fields, PageFields& page) {
  fields.field("Marker", page.marker);
  fields.field("PageSize", page.page_size);
}

Result<Json> elb_page(std::vector<ListItem> items, const PageFields& page, const char* member) {
  constexpr std::int32_t kLargestPage = 400;
  constexpr std::int32_t kOurLargestPage = 100;
  if (page.page_size.has_value() && (*page.page_size < 1 || *page.page_size > kLargestPage)) {
    return validation_error(
        "'{}' is not a valid page size: 1 to {}", *page.page_size, kLargestPage);
  }
  PageInput input{.next_token = page.marker, .max_results = page.page_size};
  if (input.max_results.has_value()) {
    input.max_results = std::min(*input.max_results, kOurLargestPage);
  }
  IK_LET(shown, page_of(std::move(items), input, member));
  const auto token = shown.find("nextToken");
  if (token != shown.end()) {
    shown["NextMarker"] = *token;
    shown.erase("nextToken");
  }
  return shown;
}

}  // namespace ikada::elb
