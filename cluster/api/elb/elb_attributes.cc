#include "cluster/api/elb/elb_attributes.h"

#include <algorithm>
#include <array>
#include <span>

#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada::elb {
namespace {

struct AttributeRule {
  const char* key;
  const char* initial;
  // "bool", "text", "cookie", "MIN-MAX", or words with '|' between them. Several with ',' between
  // them.
  const char* kind;
};

constexpr AttributeRule kBalancerRules[] = {
    {"access_logs.s3.bucket", "", "text"},
    {"access_logs.s3.enabled", "false", "bool"},
    {"access_logs.s3.prefix", "", "text"},
    {"client_keep_alive.seconds", "3600", "60-604800"},
    {"connection_logs.s3.bucket", "", "text"},
    {"connection_logs.s3.enabled", "false", "bool"},
    {"connection_logs.s3.prefix", "", "text"},
    {"deletion_protection.enabled", "false", "bool"},
    {"idle_timeout.timeout_seconds", "60", "1-4000"},
    {"ipv6.deny_all_igw_traffic", "false", "bool"},
    {"load_balancing.cross_zone.enabled", "true", "bool"},
    {"routing.http.desync_mitigation_mode", "defensive", "monitor|defensive|strictest"},
    {"routing.http.drop_invalid_header_fields.enabled", "false", "bool"},
    {"routing.http.preserve_host_header.enabled", "false", "bool"},
    {"routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", "bool"},
    {"routing.http.xff_client_port.enabled", "false", "bool"},
    {"routing.http.xff_header_processing.mode", "append", "append|preserve|remove"},
    {"routing.http2.enabled", "true", "bool"},
    {"waf.fail_open.enabled", "false", "bool"},
    {"zonal_shift.config.enabled", "false", "bool"},
};

constexpr AttributeRule kNetworkBalancerRules[] = {
    {"access_logs.s3.enabled", "false", "false"},
    {"deletion_protection.enabled", "false", "bool"},
    {"dns_record.client_routing_policy", "any_availability_zone", "any_availability_zone"},
    {"ipv6.deny_all_igw_traffic", "false", "false"},
    {"load_balancing.cross_zone.enabled", "true", "true"},
    {"zonal_shift.config.enabled", "false", "false"},
};

// `termination`: whether connections end with the drain, unless something else is set.
constexpr std::array<AttributeRule, 13> network_group_rules(const char* termination) {
  return {{
      {"deregistration_delay.connection_termination.enabled", termination, "bool"},
      {"deregistration_delay.timeout_seconds", "300", "0-3600"},
      {"load_balancing.cross_zone.enabled",
       "use_load_balancer_configuration",
       "true|use_load_balancer_configuration"},
      {"preserve_client_ip.enabled", "true", "bool"},
      {"proxy_protocol_v2.enabled", "false", "false"},
      {"stickiness.enabled", "false", "bool"},
      {"stickiness.type", "source_ip", "source_ip"},
      {"target_group_health.dns_failover.minimum_healthy_targets.count", "1", "1"},
      {"target_group_health.dns_failover.minimum_healthy_targets.percentage", "off", "off"},
      {"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1", "1"},
      {"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
       "off",
       "off"},
      {"target_health_state.unhealthy.connection_termination.enabled", "true", "bool"},
      {"target_health_state.unhealthy.draining_interval_seconds", "0", "0"},
  }};
}
constexpr auto kStreamGroupRules = network_group_rules("false");
constexpr auto kDatagramGroupRules = network_group_rules("true");

constexpr AttributeRule kGroupRules[] = {
    {"deregistration_delay.timeout_seconds", "300", "0-3600"},
    {"load_balancing.algorithm.anomaly_mitigation", "off", "on|off"},
    {"load_balancing.algorithm.type",
     "round_robin",
     "round_robin|least_outstanding_requests|weighted_random"},
    {"load_balancing.cross_zone.enabled",
     "use_load_balancer_configuration",
     "true|false|use_load_balancer_configuration"},
    {"slow_start.duration_seconds", "0", "0-0,30-900"},
    {"stickiness.app_cookie.cookie_name", "", "cookie"},
    {"stickiness.app_cookie.duration_seconds", "86400", "1-604800"},
    {"stickiness.enabled", "false", "bool"},
    {"stickiness.lb_cookie.duration_seconds", "86400", "1-604800"},
    {"stickiness.type", "lb_cookie", "lb_cookie|app_cookie"},
    {"target_group_health.dns_failover.minimum_healthy_targets.count", "1", "1-1000,off"},
    {"target_group_health.dns_failover.minimum_healthy_targets.percentage", "off", "1-100,off"},
    {"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1", "1-1000"},
    {"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
     "off",
     "1-100,off"},
};

bool is_in_range(std::string_view range, const std::string& value) {
  const Cut ends = cut(range, '-');
  const Result<std::uint64_t> low = parse_unsigned(ends.before);
  const Result<std::uint64_t> high = parse_unsigned(ends.after);
  const Result<std::uint64_t> number = parse_unsigned(value);
  return low.has_value() && high.has_value() && number.has_value() && *number >= *low &&
         *number <= *high;
}

bool is_allowed(std::string_view kind, const std::string& value) {
  constexpr size_t kMaxText = 1024;
  constexpr size_t kMaxCookie = 256;
  if (kind == "text") {
    return value.size() <= kMaxText && std::none_of(value.begin(), value.end(), [](char each) {
             return static_cast<unsigned char>(each) < 0x20;
           });
  }
  if (kind == "cookie") {
    return value.size() <= kMaxCookie && !value.starts_with("AWSALB") &&
           std::all_of(value.begin(), value.end(), [](char each) {
             return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
                    (each >= '0' && each <= '9') || each == '-' || each == '_' || each == '.';
           });
  }
  if (kind == "bool") return value == "true" || value == "false";
  const auto words = split(kind, '|');
  const bool is_word = kind.find_first_of("-,") == std::string_view::npos;
  if (words.size() > 1 || is_word)
    return std::find(words.begin(), words.end(), value) != words.end();
  const auto ranges = split(kind, ',');
  return std::any_of(ranges.begin(), ranges.end(), [&](std::string_view each) {
    return each == value || is_in_range(each, value);
  });
}

Json show_attributes(std::span<const AttributeRule> rules, const Attributes& set) {
  Json shown = Json::array();
  for (const AttributeRule& rule : rules) {
    const auto found = set.find(rule.key);
    shown.push_back({{"Key", rule.key},
                     {"Value", found == set.end() ? std::string(rule.initial) : found->second}});
  }
  return shown;
}

Result<void> set_attributes(std::span<const AttributeRule> rules,
                            Attributes& set,
                            const std::vector<AttributeInput>& inputs) {
  if (inputs.empty()) return validation_error("An attribute must be specified");
  for (const AttributeInput& each : inputs) {
    const auto rule = std::find_if(
        rules.begin(), rules.end(), [&](const AttributeRule& one) { return each.key == one.key; });
    if (rule == rules.end()) {
      return validation_error("Attribute key '{}' is not recognized", each.key);
    }
    if (!is_allowed(rule->kind, each.value)) {
      return validation_error(
          "Attribute value '{}' is not valid for '{}': {}", each.value, each.key, rule->kind);
    }
    if (each.value == rule->initial) {
      set.erase(each.key);
    } else {
      set[each.key] = each.value;
    }
  }
  return {};
}

std::span<const AttributeRule> rules_of(const LoadBalancer& balancer) {
  if (is_network(balancer)) return kNetworkBalancerRules;
  return kBalancerRules;
}

std::span<const AttributeRule> rules_of(const TargetGroup& group) {
  if (!is_network_protocol(group.protocol)) return kGroupRules;
  if (group.protocol == "TCP") return kStreamGroupRules;
  return kDatagramGroupRules;
}

}  // namespace

void describe(JsonFields& fields, AttributeInput& input) {
  fields.required("Key", input.key);
  fields.field("Value", input.value);
}

Json show_balancer_attributes(const LoadBalancer& balancer) {
  return show_attributes(rules_of(balancer), balancer.attributes);
}

Json show_group_attributes(const TargetGroup& group) {
  return show_attributes(rules_of(group), group.attributes);
}

Result<void> set_balancer_attributes(LoadBalancer& balancer,
                                     const std::vector<AttributeInput>& inputs) {
  return set_attributes(rules_of(balancer), balancer.attributes, inputs);
}

Result<void> set_group_attributes(TargetGroup& group, const std::vector<AttributeInput>& inputs) {
  Attributes& set = group.attributes;
  IK_TRY(set_attributes(rules_of(group), set, inputs));
  if (is_network_protocol(group.protocol)) {
    if (group.protocol == "TCP" || !set.contains("preserve_client_ip.enabled")) return {};
    return validation_error("Client IP preservation cannot be disabled for {} target groups",
                            group.protocol);
  }
  const auto type = set.find("stickiness.type");
  const bool by_application = type != set.end() && type->second == "app_cookie";
  if (by_application && set.contains("stickiness.enabled") &&
      !set.contains("stickiness.app_cookie.cookie_name")) {
    return validation_error(
        "'stickiness.app_cookie.cookie_name' must be specified with stickiness type 'app_cookie'");
  }
  return {};
}

std::string balancer_attribute(const LoadBalancer& balancer, const std::string& key) {
  const auto found = balancer.attributes.find(key);
  if (found != balancer.attributes.end()) return found->second;
  for (const AttributeRule& rule : rules_of(balancer)) {
    if (key == rule.key) return rule.initial;
  }
  return "";
}

}  // namespace ikada::elb
