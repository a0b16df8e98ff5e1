#include "cluster/api/elb/action_input.h"

#include <algorithm>
#include <initializer_list>
#include <set>

#include "runtime/base/number.h"

namespace ikada::elb {
namespace {

constexpr std::int32_t kMaxWeight = 999;
constexpr std::int32_t kMaxOrder = 50'000;
constexpr size_t kMaxGroups = 5;
constexpr std::int32_t kMaxStickiness = 604'800;
constexpr size_t kMaxRedirectPart = 128;
constexpr size_t kMaxMessage = 1024;
constexpr std::uint64_t kMaxPort = 65'535;

bool is_in(const std::string& word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Without what would end a line or a header.
bool is_plain(const std::string& text) {
  return std::all_of(
      text.begin(), text.end(), [](unsigned char each) { return each > 0x20 && each < 0x7f; });
}

Result<void> check_redirect(const ListenerAction& action) {
  const auto bad = [](const char* what, const std::string& value) {
    return validation_error("The redirect {} '{}' is not valid", what, value);
  };
  if (!is_in(action.status_code, {"HTTP_301", "HTTP_302"})) {
    return bad("status code", action.status_code);
  }
  if (!is_in(action.protocol, {"HTTP", "HTTPS", "#{protocol}"})) {
    return bad("protocol", action.protocol);
  }
  const Result<std::uint64_t> port = parse_unsigned(action.port, kMaxPort);
  if (action.port != "#{port}" && (!port.has_value() || *port == 0))
    return bad("port", action.port);
  for (const std::string* part : {&action.host, &action.path, &action.query}) {
    if (part->size() > kMaxRedirectPart || !is_plain(*part)) return bad("target", *part);
  }
  if (action.host.empty()) return bad("host", action.host);
  if (!action.path.starts_with("/")) return bad("path", action.path);
  const ListenerAction unchanged;
  if (action.protocol == unchanged.protocol && action.host == unchanged.host &&
      action.port == unchanged.port && action.path == unchanged.path &&
      action.query == unchanged.query) {
    return ecs_error("InvalidLoadBalancerAction",
                     "The redirect configuration is not valid because it creates a loop.");
  }
  return {};
}

Result<void> check_fixed_response(const ListenerAction& action) {
  const Result<std::uint64_t> code = parse_unsigned(action.status_code, 599);
  const bool is_code = code.has_value() && *code >= 200 && *code / 100 != 3;
  if (!is_code) {
    return validation_error("The fixed response status code '{}' is not valid: 2XX, 4XX or 5XX",
                            action.status_code);
  }
  if (!action.content_type.empty() &&
      !is_in(
          action.content_type,
          {"text/plain", "text/css", "text/html", "application/javascript", "application/json"})) {
    return validation_error("The fixed response content type '{}' is not valid",
                            action.content_type);
  }
  if (action.message_body.size() > kMaxMessage) {
    return validation_error("The fixed response message body is longer than {} bytes", kMaxMessage);
  }
  return {};
}

Result<void> check_owner(const ApiCall& call,
                         const State& state,
                         const std::string& balancer,
                         const TargetGroup& group) {
  for (const std::string& owner : balancers_of_group(state.scope(call.scope), group.name)) {
    if (owner == balancer) continue;
    return ecs_error("TargetGroupAssociationLimit",
                     "The following target groups cannot be associated with more than one load "
                     "balancer: {}",
                     target_group_arn(call.scope, group));
  }
  return {};
}

Result<ListenerAction> read_forward(const ApiCall& call,
                                    const State& state,
                                    const std::string& balancer,
                                    const ActionInput& input) {
  std::vector<ForwardGroupInput> groups;
  if (input.forward.has_value()) groups = input.forward->target_groups;
  if (groups.empty()) groups.push_back({.target_group_arn = input.target_group_arn});
  const bool differs =
      !input.target_group_arn.empty() &&
      (groups.size() != 1 || groups.front().target_group_arn != input.target_group_arn);
  if (differs) {
    return validation_error(
        "A forward action's target group must be the one of its forward configuration");
  }
  if (groups.front().target_group_arn.empty()) {
    return validation_error("A target group ARN must be specified for a forward action");
  }
  if (groups.size() > kMaxGroups) {
    return ecs_error("TooManyTargetGroups", "A forward action has at most {} groups", kMaxGroups);
  }
  ListenerAction action{.type = "forward"};
  std::set<std::string> names;
  for (const ForwardGroupInput& each : groups) {
    IK_LET(group, find_target_group(call, state, each.target_group_arn));
    IK_TRY(check_owner(call, state, balancer, group->value));
    const std::int32_t weight = each.weight.value_or(1);
    if (weight < 0 || weight > kMaxWeight) {
      return validation_error("Weight '{}' must be between 0 and {}", weight, kMaxWeight);
    }
    if (!names.insert(group->value.name).second) {
      return validation_error("A target group is named twice in a forward action");
    }
    action.groups.push_back({.target_group = group->value.name, .weight = weight});
  }
  if (input.forward.has_value() && input.forward->stickiness.enabled) {
    action.group_stickiness_seconds = input.forward->stickiness.duration_seconds;
    if (action.group_stickiness_seconds < 1 || action.group_stickiness_seconds > kMaxStickiness) {
      return validation_error("Target group stickiness duration must be between 1 and {} seconds",
                              kMaxStickiness);
    }
  }
  return action;
}

Result<ListenerAction> read_action(const ApiCall& call,
                                   const State& state,
                                   const std::string& balancer,
                                   const ActionInput& input) {
  if (input.type == "forward") return read_forward(call, state, balancer, input);
  if (input.type == "redirect" && input.redirect.has_value()) {
    ListenerAction action = input.redirect->action;
    action.type = input.type;
    IK_TRY(check_redirect(action));
    return action;
  }
  if (input.type == "fixed-response" && input.fixed_response.has_value()) {
    ListenerAction action = input.fixed_response->action;
    action.type = input.type;
    IK_TRY(check_fixed_response(action));
    return action;
  }
  if (is_in(input.type, {"redirect", "fixed-response"})) {
    return validation_error("A {} action needs its configuration", input.type);
  }
  return ecs_error("InvalidLoadBalancerAction",
                   "Actions of type '{}' are not supported: forward, redirect, fixed-response",
                   input.type);
}

}  // namespace

void describe(JsonFields& fields, ForwardGroupInput& input) {
  fields.required("TargetGroupArn", input.target_group_arn);
  fields.field("Weight", input.weight);
}

void describe(JsonFields& fields, GroupStickinessInput& input) {
  fields.field("Enabled", input.enabled);
  fields.field("DurationSeconds", input.duration_seconds);
}

void describe(JsonFields& fields, ForwardInput& input) {
  fields.field("TargetGroups", input.target_groups);
  fields.field("TargetGroupStickinessConfig", input.stickiness);
}

void describe(JsonFields& fields, RedirectInput& input) {
  fields.field("Protocol", input.action.protocol);
  fields.field("Host", input.action.host);
  fields.field("Port", input.action.port);
  fields.field("Path", input.action.path);
  fields.field("Query", input.action.query);
  fields.required("StatusCode", input.action.status_code);
}

void describe(JsonFields& fields, FixedResponseInput& input) {
  fields.required("StatusCode", input.action.status_code);
  fields.field("ContentType", input.action.content_type);
  fields.field("MessageBody", input.action.message_body);
}

void describe(JsonFields& fields, ActionInput& input) {
  fields.required("Type", input.type);
  fields.field("Order", input.order);
  fields.field("TargetGroupArn", input.target_group_arn);
  fields.field("ForwardConfig", input.forward);
  fields.field("RedirectConfig", input.redirect);
  fields.field("FixedResponseConfig", input.fixed_response);
}

Result<std::vector<ListenerAction>> read_actions(const ApiCall& call,
                                                 const State& state,
                                                 const std::string& balancer,
                                                 const std::vector<ActionInput>& inputs) {
  // Those that may stand before the last one authenticate, and are not supported.
  if (inputs.size() != 1) {
    return ecs_error(inputs.empty() ? "ValidationError" : "TooManyActions",
                     "Exactly one action is needed: forward, redirect or fixed-response");
  }
  const std::int32_t order = inputs.front().order.value_or(1);
  if (order < 1 || order > kMaxOrder) {
    return validation_error("Order '{}' must be between 1 and {}", order, kMaxOrder);
  }
  IK_LET(action, read_action(call, state, balancer, inputs.front()));
  action.order = order;
  return std::vector<ListenerAction>{std::move(action)};
}

void touch_groups(Proposal& proposal,
                  const ApiCall& call,
                  const State& state,
                  const std::vector<ListenerAction>& actions) {
  const auto& groups = state.scope(call.scope).target_groups;
  for (const ListenerAction& action : actions) {
    for (const WeightedGroup& each : action.groups) {
      const auto found = groups.find(each.target_group);
      if (found == groups.end()) continue;
      touch(proposal, target_group_key(call.scope, each.target_group), found->second);
    }
  }
}

}  // namespace ikada::elb
