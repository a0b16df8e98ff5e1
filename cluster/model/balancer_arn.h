// Amazon resource names of load balancers and what belongs to them.
//
//   arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID
//   …:listener/app/NAME/ID/LISTENER   …:listener-rule/app/NAME/ID/LISTENER/RULE
//   …:targetgroup/NAME/ID
//
// "net" instead of "app" where the load balancer is a network one.
//
// Each names its thing by name and id: one that was made anew under an old name is another.
//
// Source: AWS Service Authorization Reference, "Resource types defined by AWS Elastic Load
// Balancing V2".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cluster/model/arn.h"
#include "cluster/model/load_balancer.h"

namespace ikada {

std::string balancer_arn(const Scope& scope, const LoadBalancer& balancer);
std::string listener_arn(const Scope& scope,
                         const LoadBalancer& balancer,
                         std::string_view listener);
std::string rule_arn(const Scope& scope,
                     const LoadBalancer& balancer,
                     std::string_view listener,
                     std::string_view rule);
std::string target_group_arn(const Scope& scope, const TargetGroup& group);

// The name that the cluster's resolver answers with the balancer's addresses.
std::string balancer_dns_name(const Scope& scope, const LoadBalancer& balancer);

// The name of the certificate that "arn:aws:acm:REGION:ACCOUNT:certificate/NAME" is. Nothing for
// what is no such ARN of this scope; a name has letters, digits, '-', '_' and '.', no '.' in front.
std::optional<std::string> certificate_name_of(std::string_view arn, const Scope& scope);

// What such an ARN names. Parts that its kind does not have are empty.
struct BalancerPart {
  enum class Kind { kBalancer, kListener, kRule, kTargetGroup };
  Kind kind = Kind::kBalancer;
  std::string name = {};  // Of the load balancer or the target group.
  std::string id = {};    // Likewise.
  std::string listener = {};
  std::string rule = {};
};

// Nothing for what is no such ARN of this scope.
std::optional<BalancerPart> parse_balancer_arn(std::string_view text, const Scope& scope);

}  // namespace ikada
