#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_view.h"

namespace ikada::elb {
namespace {

struct DescribeRulesInput {
  std::string listener;
  std::vector<std::string> arns;
  PageFields page;
};

void describe(JsonFields& fields, DescribeRulesInput& input) {
  fields.field("ListenerArn", input.listener);
  fields.field("RuleArns", input.arns);
  describe(fields, input.page);
}

// The default rule comes last.
std::string sort_key(std::int32_t priority, const std::string& id) {
  return fmt::format("{:05}{}", priority, id);
}

constexpr std::int32_t kAfterAll = 99'999;

}  // namespace

Result<Outcome> describe_rules(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DescribeRulesInput>(call));
  if (input.listener.empty() == input.arns.empty()) {
    return validation_error("You must specify either listener rule ARNs or a listener ARN");
  }
  const ScopeState& scope = state.scope(call.scope);
  std::vector<ListItem> items;
  const auto add = [&](const FoundListener& of, const ListenerRule& rule) {
    items.push_back({.key = sort_key(rule.priority, rule.id),
                     .shown = show_rule(scope, of.balancer->value, of.listener->value, rule)});
  };
  const auto add_default = [&](const FoundListener& of) {
    items.push_back({.key = sort_key(kAfterAll, of.listener->value.id),
                     .shown = show_default_rule(scope, of.balancer->value, of.listener->value)});
  };
  for (const std::string& arn : input.arns) {
    IK_LET(found, find_rule(call, state, arn));
    if (found.is_default) {
      add_default(found);
    } else {
      add(found, found.listener->value.rules[found.index]);
    }
  }
  if (!input.listener.empty()) {
    IK_LET(found, find_listener(call, state, input.listener));
    for (const ListenerRule& each : found.listener->value.rules) add(found, each);
    add_default(found);
  }
  IK_LET(shown, elb_page(std::move(items), input.page, "Rules"));
  return answer(std::move(shown));
}

}  // namespace ikada::elb
