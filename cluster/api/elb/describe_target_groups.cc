#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_view.h"

namespace ikada::elb {
namespace {

struct DescribeTargetGroupsInput {
  std::string balancer;
  std::vector<std::string> arns;
  std::vector<std::string> names;
  PageFields page;
};

void describe(JsonFields& fields, DescribeTargetGroupsInput& input) {
  fields.field("LoadBalancerArn", input.balancer);
  fields.field("TargetGroupArns", input.arns);
  fields.field("Names", input.names);
  describe(fields, input.page);
}

}  // namespace

Result<Outcome> describe_target_groups(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DescribeTargetGroupsInput>(call));
  const ScopeState& scope = state.scope(call.scope);
  std::vector<ListItem> items;
  const auto add = [&](const TargetGroup& each) {
    items.push_back({.key = each.name, .shown = show_group(scope, each)});
  };
  for (const std::string& arn : input.arns) {
    IK_LET(found, find_target_group(call, state, arn));
    add(found->value);
  }
  for (const std::string& name : input.names) {
    const auto found = scope.target_groups.find(name);
    if (found == scope.target_groups.end()) {
      return ecs_error("TargetGroupNotFound", "One or more target groups not found");
    }
    add(found->second.value);
  }
  if (!input.balancer.empty()) {
    IK_LET(balancer, find_balancer(call, state, input.balancer));
    for (const auto& [name, group] : scope.target_groups) {
      for (const Kept<Listener>* each : listeners_of(scope, balancer->value.name)) {
        if (!forwards_to(each->value, name)) continue;
        add(group.value);
        break;
      }
    }
  } else if (input.arns.empty() && input.names.empty()) {
    for (const auto& [name, group] : scope.target_groups) add(group.value);
  }
  IK_LET(shown, elb_page(std::move(items), input.page, "TargetGroups"));
  return answer(std::move(shown));
}

}  // namespace ikada::elb
