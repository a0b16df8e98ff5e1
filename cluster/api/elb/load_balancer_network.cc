// Where a load balancer is in a cloud's network. Here it is on the managers, and the ids are kept
// for those who have given them.
#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_view.h"

namespace ikada::elb {
namespace {

struct NetworkSubnet {
  std::string subnet;
};

void describe(JsonFields& fields, NetworkSubnet& mapping) {
  fields.required("SubnetId", mapping.subnet);
}

struct NetworkInput {
  std::string arn;
  std::vector<std::string> subnets;
  std::vector<NetworkSubnet> mappings;
  std::vector<std::string> security_groups;
  std::string ip_address_type = "ipv4";
};

void describe(JsonFields& fields, NetworkInput& input) {
  fields.required("LoadBalancerArn", input.arn);
  fields.field("Subnets", input.subnets);
  fields.field("SubnetMappings", input.mappings);
  fields.field("SecurityGroups", input.security_groups);
  fields.field("IpAddressType", input.ip_address_type);
}

}  // namespace

Result<Outcome> set_subnets(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<NetworkInput>(call));
  IK_LET(found, find_balancer(call, state, input.arn));
  LoadBalancer changed = found->value;
  changed.subnets = std::move(input.subnets);
  for (NetworkSubnet& each : input.mappings) changed.subnets.push_back(std::move(each.subnet));
  if (changed.subnets.empty()) return validation_error("A subnet must be specified");
  const Json shown = show_balancer(call.scope, changed);
  Proposal proposal{.then = [shown](const State&) {
    return Json{{"AvailabilityZones", shown["AvailabilityZones"]}, {"IpAddressType", "ipv4"}};
  }};
  proposal.put(balancer_key(call.scope, changed.name), changed, found->revision);
  return propose(std::move(proposal));
}

Result<Outcome> set_security_groups(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<NetworkInput>(call));
  IK_LET(found, find_balancer(call, state, input.arn));
  LoadBalancer changed = found->value;
  changed.security_groups = input.security_groups;
  Proposal proposal{.then = [groups = input.security_groups](const State&) {
    return Json{{"SecurityGroupIds", groups}};
  }};
  proposal.put(balancer_key(call.scope, changed.name), changed, found->revision);
  return propose(std::move(proposal));
}

Result<Outcome> set_ip_address_type(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<NetworkInput>(call));
  IK_TRY(find_balancer(call, state, input.arn));
  if (input.ip_address_type != "ipv4") {
    return ecs_error("InvalidConfigurationRequest",
                     "The IP address type '{}' is not supported: only 'ipv4' is",
                     input.ip_address_type);
  }
  return answer(Json{{"IpAddressType", "ipv4"}});
}

}  // namespace ikada::elb
