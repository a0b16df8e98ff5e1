#include "cluster/model/balancer_arn.h"

#include <algorithm>

#include <fmt/core.h>

#include "runtime/base/text.h"

namespace ikada {
namespace {

std::string elb_arn(const Scope& scope, std::string_view resource) {
  return fmt::format(
      "arn:aws:elasticloadbalancing:{}:{}:{}", scope.region, scope.account, resource);
}

// "app/NAME/ID"
std::string path_of(const LoadBalancer& balancer) {
  return fmt::format("{}/{}/{}", is_network(balancer) ? "net" : "app", balancer.name, balancer.id);
}

}  // namespace

std::string balancer_arn(const Scope& scope, const LoadBalancer& balancer) {
  return elb_arn(scope, fmt::format("loadbalancer/{}", path_of(balancer)));
}

std::string listener_arn(const Scope& scope,
                         const LoadBalancer& balancer,
                         std::string_view listener) {
  return elb_arn(scope, fmt::format("listener/{}/{}", path_of(balancer), listener));
}

std::string rule_arn(const Scope& scope,
                     const LoadBalancer& balancer,
                     std::string_view listener,
                     std::string_view rule) {
  return elb_arn(scope, fmt::format("listener-rule/{}/{}/{}", path_of(balancer), listener, rule));
}

std::string target_group_arn(const Scope& scope, const TargetGroup& group) {
  return elb_arn(scope, fmt::format("targetgroup/{}/{}", group.name, group.id));
}

std::string balancer_dns_name(const Scope& scope, const LoadBalancer& balancer) {
  constexpr size_t kIdDigits = 10;
  return lower_case(fmt::format(
      "{}-{}.{}.elb.ikada", balancer.name, balancer.id.substr(0, kIdDigits), scope.region));
}

std::optional<std::string> certificate_name_of(std::string_view text, const Scope& scope) {
  constexpr size_t kMaxName = 128;
  const Result<Arn> arn = parse_arn(text);
  if (!arn.has_value() || arn->service != "acm" || arn->scope != scope) return std::nullopt;
  const Cut parts = cut(arn->resource, '/');
  const std::string_view name = parts.after;
  const bool is_name = parts.before == "certificate" && !name.empty() && name.size() <= kMaxName &&
                       name.front() != '.' && std::all_of(name.begin(), name.end(), [](char each) {
                         return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
                                (each >= '0' && each <= '9') || each == '-' || each == '_' ||
                                each == '.';
                       });
  if (!is_name) return std::nullopt;
  return std::string(name);
}

std::optional<BalancerPart> parse_balancer_arn(std::string_view text, const Scope& scope) {
  using Kind = BalancerPart::Kind;
  const Result<Arn> arn = parse_arn(text);
  if (!arn.has_value() || arn->service != "elasticloadbalancing" || arn->scope != scope) {
    return std::nullopt;
  }
  const std::vector<std::string_view> parts = split(arn->resource, '/');
  const auto part = [&](size_t index) { return std::string(parts[index]); };
  if (parts.size() == 3 && parts[0] == "targetgroup") {
    return BalancerPart{.kind = Kind::kTargetGroup, .name = part(1), .id = part(2)};
  }
  if (parts.size() < 4 || (parts[1] != "app" && parts[1] != "net")) return std::nullopt;
  BalancerPart result{.name = part(2), .id = part(3)};
  if (parts.size() == 4 && parts[0] == "loadbalancer") return result;
  if (parts.size() == 5 && parts[0] == "listener") {
    result.kind = Kind::kListener;
    result.listener = part(4);
    return result;
  }
  if (parts.size() == 6 && parts[0] == "listener-rule") {
    result.kind = Kind::kRule;
    result.listener = part(4);
    result.rule = part(5);
    return result;
  }
  return std::nullopt;
}

}  // namespace ikada
