#include <algorithm>
#include <iterator>

#include "cluster/api/elb/elb_actions.h"

namespace ikada::elb {
namespace {

constexpr ActionEntry kElbActions[] = {
    {"AddListenerCertificates", add_listener_certificates},
    {"AddTags", add_tags},
    {"CreateListener", create_listener},
    {"CreateLoadBalancer", create_load_balancer},
    {"CreateRule", create_rule},
    {"CreateTargetGroup", create_target_group},
    {"DeleteListener", delete_listener},
    {"DeleteLoadBalancer", delete_load_balancer},
    {"DeleteRule", delete_rule},
    {"DeleteTargetGroup", delete_target_group},
    {"DeregisterTargets", deregister_targets},
    {"DescribeAccountLimits", describe_account_limits},
    {"DescribeListenerAttributes", describe_listener_attributes},
    {"DescribeListenerCertificates", describe_listener_certificates},
    {"DescribeListeners", describe_listeners},
    {"DescribeLoadBalancerAttributes", describe_load_balancer_attributes},
    {"DescribeLoadBalancers", describe_load_balancers},
    {"DescribeRules", describe_rules},
    {"DescribeSSLPolicies", describe_ssl_policies},
    {"DescribeTags", describe_tags},
    {"DescribeTargetGroupAttributes", describe_target_group_attributes},
    {"DescribeTargetGroups", describe_target_groups},
    {"DescribeTargetHealth", describe_target_health},
    {"ModifyListener", modify_listener},
    {"ModifyLoadBalancerAttributes", modify_load_balancer_attributes},
    {"ModifyRule", modify_rule},
    {"ModifyTargetGroup", modify_target_group},
    {"ModifyTargetGroupAttributes", modify_target_group_attributes},
    {"RegisterTargets", register_targets},
    {"RemoveListenerCertificates", remove_listener_certificates},
    {"RemoveTags", remove_tags},
    {"SetIpAddressType", set_ip_address_type},
    {"SetRulePriorities", set_rule_priorities},
    {"SetSecurityGroups", set_security_groups},
    {"SetSubnets", set_subnets},
};

}  // namespace

const ActionEntry* find_action(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kElbActions), std::end(kElbActions), [&](const ActionEntry& each) {
        return each.name == name;
      });
  return found == std::end(kElbActions) ? nullptr : found;
}

}  // namespace ikada::elb
