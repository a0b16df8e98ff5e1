#include <algorithm>

#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_name.h"
#include "cluster/api/elb/elb_tags.h"
#include "cluster/api/elb/elb_view.h"
#include "cluster/api/elb/listener_change.h"

namespace ikada::elb {
namespace {

constexpr size_t kMaxBalancers = 50;

struct SubnetMapping {
  std::string subnet;
};

void describe(JsonFields& fields, SubnetMapping& mapping) {
  fields.required("SubnetId", mapping.subnet);
}

struct CreateLoadBalancerInput {
  LoadBalancer balancer;
  std::vector<SubnetMapping> mappings;
  std::vector<TagInput> tags;
};

void describe(JsonFields& fields, CreateLoadBalancerInput& input) {
  fields.required("Name", input.balancer.name);
  fields.field("Subnets", input.balancer.subnets);
  fields.field("SubnetMappings", input.mappings);
  fields.field("SecurityGroups", input.balancer.security_groups);
  fields.field("Scheme", input.balancer.scheme);
  fields.field("Type", input.balancer.type);
  fields.field("IpAddressType", input.balancer.ip_address_type);
  fields.field("Tags", input.tags);
}

Result<LoadBalancer> read_balancer(const ApiCall& call) {
  IK_LET(input, parse_input<CreateLoadBalancerInput>(call));
  LoadBalancer balancer = std::move(input.balancer);
  IK_TRY(check_elb_name("load balancer", balancer.name));
  if (balancer.name.starts_with("internal-")) {
    return validation_error("A load balancer name cannot begin with 'internal-'");
  }
  if (!input.mappings.empty() && !balancer.subnets.empty()) {
    return validation_error("Either subnets or subnet mappings can be specified, not both");
  }
  for (SubnetMapping& each : input.mappings) balancer.subnets.push_back(std::move(each.subnet));
  if (balancer.scheme != "internet-facing" && balancer.scheme != "internal") {
    return ecs_error("InvalidScheme", "'{}' is not a valid scheme", balancer.scheme);
  }
  if (balancer.type != "application" && !is_network(balancer)) {
    return validation_error(
        "Load balancers of type '{}' are not supported: 'application' and 'network' are",
        balancer.type);
  }
  if (balancer.ip_address_type != "ipv4") {
    return ecs_error("InvalidConfigurationRequest",
                     "The IP address type '{}' is not supported: only 'ipv4' is",
                     balancer.ip_address_type);
  }
  IK_LET(tags, read_tags(input.tags));
  balancer.tags = std::move(tags);
  return balancer;
}

bool is_same(const LoadBalancer& a, const LoadBalancer& b) {
  return a.scheme == b.scheme && a.type == b.type && a.subnets == b.subnets &&
         a.security_groups == b.security_groups && a.tags == b.tags;
}

}  // namespace

Result<Outcome> create_load_balancer(const ApiCall& call, const State& state) {
  IK_LET(balancer, read_balancer(call));
  const auto& present = state.scope(call.scope).balancers;
  const auto show = [scope = call.scope, name = balancer.name](const State& after) {
    return answer_balancer(after, scope, name);
  };
  const auto found = present.find(balancer.name);
  if (found != present.end()) {
    if (is_same(found->second.value, balancer)) return answer(show(state));
    return ecs_error("DuplicateLoadBalancerName",
                     "A load balancer with the same name '{}' exists, but with different settings",
                     balancer.name);
  }
  if (present.size() >= kMaxBalancers) {
    return ecs_error("TooManyLoadBalancers", "There are {} load balancers already", kMaxBalancers);
  }
  balancer.id = make_id(call);
  balancer.created_at = call.now;
  Proposal proposal{.then = show};
  IK_TRY(take_address(proposal, call, state, balancer));
  proposal.put(balancer_key(call.scope, balancer.name), balancer, 0);
  return propose(std::move(proposal));
}

}  // namespace ikada::elb
