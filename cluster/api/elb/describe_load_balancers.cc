#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_view.h"

namespace ikada::elb {
namespace {

struct DescribeLoadBalancersInput {
  std::vector<std::string> arns;
  std::vector<std::string> names;
  PageFields page;
};

void describe(JsonFields& fields, DescribeLoadBalancersInput& input) {
  fields.field("LoadBalancerArns", input.arns);
  fields.field("Names", input.names);
  describe(fields, input.page);
}

}  // namespace

Result<Outcome> describe_load_balancers(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DescribeLoadBalancersInput>(call));
  if (!input.arns.empty() && !input.names.empty()) {
    return validation_error(
        "Load balancer names and load balancer ARNs cannot be specified at the "
        "same time");
  }
  const ScopeState& scope = state.scope(call.scope);
  const auto& balancers = scope.balancers;
  std::vector<ListItem> items;
  const auto add = [&](const LoadBalancer& each) {
    const BalancerCondition condition = find_balancer_condition(scope, each, call.serving_sights());
    items.push_back({.key = each.name, .shown = show_balancer(call.scope, each, condition)});
  };
  for (const std::string& arn : input.arns) {
    IK_LET(found, find_balancer(call, state, arn));
    add(found->value);
  }
  for (const std::string& name : input.names) {
    const auto found = balancers.find(name);
    if (found == balancers.end()) {
      return ecs_error("LoadBalancerNotFound", "Load balancers '[{}]' not found", name);
    }
    add(found->second.value);
  }
  if (input.arns.empty() && input.names.empty()) {
    for (const auto& [name, balancer] : balancers) add(balancer.value);
  }
  IK_LET(shown, elb_page(std::move(items), input.page, "LoadBalancers"));
  return answer(std::move(shown));
}

}  // namespace ikada::elb
