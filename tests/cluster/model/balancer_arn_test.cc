#include "cluster/model/balancer_arn.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

const Scope kScope{.account = "123456789012", .region = "eu-west-1"};

TEST_CASE("balancers, listeners, rules and target groups have ARNs that lead back") {
  const LoadBalancer web{.name = "web", .id = "50dc6c495c0c9188"};
  const std::string balancer = balancer_arn(kScope, web);
  CHECK(balancer ==
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/"
        "50dc6c495c0c9188");
  CHECK(parse_balancer_arn(balancer, kScope)->kind == BalancerPart::Kind::kBalancer);
  CHECK(parse_balancer_arn(balancer, kScope)->id == "50dc6c495c0c9188");
  const auto rule = parse_balancer_arn(rule_arn(kScope, web, "0a", "0b"), kScope);
  CHECK(rule->kind == BalancerPart::Kind::kRule);
  CHECK(rule->listener == "0a");
  CHECK(rule->rule == "0b");
  const auto listener = parse_balancer_arn(listener_arn(kScope, web, "0a"), kScope);
  CHECK(listener->kind == BalancerPart::Kind::kListener);
  CHECK(listener->name == "web");
  const auto group =
      parse_balancer_arn(target_group_arn(kScope, TargetGroup{.name = "g", .id = "0c"}), kScope);
  CHECK(group->kind == BalancerPart::Kind::kTargetGroup);
  CHECK(group->name == "g");
}

TEST_CASE("ARNs of network load balancers say so") {
  const LoadBalancer dns{.name = "dns", .id = "1", .type = "network"};

  const std::string listener = listener_arn(kScope, dns, "0a");

  CHECK(listener == "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/net/dns/1/0a");
  CHECK(parse_balancer_arn(listener, kScope)->kind == BalancerPart::Kind::kListener);
}

TEST_CASE("what names nothing of the scope is no such ARN") {
  const LoadBalancer web{.name = "web", .id = "1"};
  CHECK_FALSE(parse_balancer_arn(balancer_arn(kScope, web), {.account = "1", .region = "r"}));
  CHECK_FALSE(parse_balancer_arn("web", kScope));
  CHECK_FALSE(parse_balancer_arn(
      "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/gwy/web/1", kScope));
  CHECK_FALSE(parse_balancer_arn(
      "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/1", kScope));
  CHECK_FALSE(parse_balancer_arn("arn:aws:ecs:eu-west-1:123456789012:targetgroup/g/1", kScope));
}

}  // namespace
}  // namespace ikada
