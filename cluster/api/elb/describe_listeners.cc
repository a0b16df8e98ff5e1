#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_view.h"

namespace ikada::elb {
namespace {

struct DescribeListenersInput {
  std::string balancer;
  std::vector<std::string> arns;
  PageFields page;
};

void describe(JsonFields& fields, DescribeListenersInput& input) {
  fields.field("LoadBalancerArn", input.balancer);
  fields.field("ListenerArns", input.arns);
  describe(fields, input.page);
}

}  // namespace

Result<Outcome> describe_listeners(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DescribeListenersInput>(call));
  if (input.balancer.empty() == input.arns.empty()) {
    return validation_error("You must specify either listener ARNs or a load balancer ARN");
  }
  const ScopeState& scope = state.scope(call.scope);
  std::vector<ListItem> items;
  const auto add = [&](const LoadBalancer& balancer, const Listener& listener) {
    items.push_back({.key = fmt::format("{:05}{}", listener.port, listener.id),
                     .shown = show_listener(scope, balancer, listener)});
  };
  for (const std::string& arn : input.arns) {
    IK_LET(found, find_listener(call, state, arn));
    add(found.balancer->value, found.listener->value);
  }
  if (!input.balancer.empty()) {
    IK_LET(balancer, find_balancer(call, state, input.balancer));
    for (const Kept<Listener>* each : listeners_of(scope, balancer->value.name)) {
      add(balancer->value, each->value);
    }
  }
  IK_LET(shown, elb_page(std::move(items), input.page, "Listeners"));
  return answer(std::move(shown));
}

}  // namespace ikada::elb
