#include "cluster/api/elb/elb_view.h"

#include "runtime/base/clock.h"

namespace ikada::elb {
namespace {

constexpr std::int64_t kNanosPerMilli = 1'000'000;
constexpr const char* kNoVpc = "vpc-00000000000000000";

std::string group_arn(const ScopeState& state, const std::string& name) {
  const auto found = state.target_groups.find(name);
  return found == state.target_groups.end() ? ""
                                            : target_group_arn(state.scope, found->second.value);
}

Json show_forward(const ScopeState& state, const ListenerAction& action) {
  Json groups = Json::array();
  for (const WeightedGroup& each : action.groups) {
    groups.push_back(
        {{"TargetGroupArn", group_arn(state, each.target_group)}, {"Weight", each.weight}});
  }
  Json stickiness = {{"Enabled", action.group_stickiness_seconds > 0}};
  if (action.group_stickiness_seconds > 0) {
    stickiness["DurationSeconds"] = action.group_stickiness_seconds;
  }
  return {{"TargetGroups", std::move(groups)},
          {"TargetGroupStickinessConfig", std::move(stickiness)}};
}

Json show_action(const ScopeState& state, const ListenerAction& action) {
  Json shown = {{"Type", action.type}, {"Order", action.order}};
  if (action.type == "forward") {
    if (action.groups.size() == 1) {
      shown["TargetGroupArn"] = group_arn(state, action.groups.front().target_group);
    }
    shown["ForwardConfig"] = show_forward(state, action);
  } else if (action.type == "redirect") {
    shown["RedirectConfig"] = {{"Protocol", action.protocol},
                               {"Host", action.host},
                               {"Port", action.port},
                               {"Path", action.path},
                               {"Query", action.query},
                               {"StatusCode", action.status_code}};
  } else {
    Json& response = shown["FixedResponseConfig"] = {{"StatusCode", action.status_code}};
    if (!action.content_type.empty()) response["ContentType"] = action.content_type;
    if (!action.message_body.empty()) response["MessageBody"] = action.message_body;
  }
  return shown;
}

Json show_actions(const ScopeState& state, const std::vector<ListenerAction>& actions) {
  Json shown = Json::array();
  for (const ListenerAction& each : actions) shown.push_back(show_action(state, each));
  return shown;
}

Json show_condition(const RuleCondition& condition) {
  Json shown = {{"Field", condition.field}};
  if (condition.field == "host-header" || condition.field == "path-pattern") {
    shown["Values"] = condition.values;
    shown[condition.field == "host-header" ? "HostHeaderConfig" : "PathPatternConfig"] = {
        {"Values", condition.values}};
  } else if (condition.field == "http-header") {
    shown["HttpHeaderConfig"] = {{"HttpHeaderName", condition.header_name},
                                 {"Values", condition.values}};
  } else if (condition.field == "http-request-method") {
    shown["HttpRequestMethodConfig"] = {{"Values", condition.values}};
  } else if (condition.field == "source-ip") {
    shown["SourceIpConfig"] = {{"Values", condition.values}};
  } else {
    Json values = Json::array();
    for (size_t i = 0; i < condition.values.size(); ++i) {
      Json& pair = values.emplace_back(Json::object());
      if (i < condition.keys.size() && !condition.keys[i].empty()) pair["Key"] = condition.keys[i];
      pair["Value"] = condition.values[i];
    }
    shown["QueryStringConfig"] = {{"Values", std::move(values)}};
  }
  return shown;
}

}  // namespace

Json show_balancer(const Scope& scope,
                   const LoadBalancer& balancer,
                   const BalancerCondition& condition) {
  Json state = {{"Code", condition.code}};
  if (!condition.reason.empty()) state["Reason"] = condition.reason;
  Json zones = Json::array();
  Json addresses = Json::array();
  if (!balancer.address.empty()) addresses.push_back({{"IpAddress", balancer.address}});
  for (size_t i = 0; i < balancer.subnets.size(); ++i) {
    const char zone = static_cast<char>('a' + i % 26);
    zones.push_back({{"ZoneName", scope.region + zone},
                     {"SubnetId", balancer.subnets[i]},
                     {"LoadBalancerAddresses", addresses}});
  }
  // It belongs to no zone.
  if (zones.empty() && !addresses.empty()) {
    zones.push_back({{"ZoneName", scope.region + 'a'}, {"LoadBalancerAddresses", addresses}});
  }
  return {{"LoadBalancerArn", balancer_arn(scope, balancer)},
          {"LoadBalancerName", balancer.name},
          {"DNSName", balancer_dns_name(scope, balancer)},
          {"CanonicalHostedZoneId", "Z00000000000000000000"},
          {"CreatedTime", format_rfc3339(balancer.created_at.milliseconds * kNanosPerMilli)},
          {"Scheme", balancer.scheme},
          {"VpcId", kNoVpc},
          {"State", std::move(state)},
          {"Type", balancer.type},
          {"AvailabilityZones", std::move(zones)},
          {"SecurityGroups", balancer.security_groups},
          {"IpAddressType", balancer.ip_address_type}};
}

Json show_group(const ScopeState& state, const TargetGroup& group) {
  const TargetHealthCheck& check = group.health_check;
  Json balancers = Json::array();
  for (const std::string& name : balancers_of_group(state, group.name)) {
    const auto found = state.balancers.find(name);
    if (found != state.balancers.end()) {
      balancers.push_back(balancer_arn(state.scope, found->second.value));
    }
  }
  Json shown = {{"TargetGroupArn", target_group_arn(state.scope, group)},
                {"TargetGroupName", group.name},
                {"Protocol", group.protocol},
                {"Port", group.port},
                {"VpcId", group.vpc_id.empty() ? kNoVpc : group.vpc_id},
                {"HealthCheckProtocol", check.protocol},
                {"HealthCheckPort", check.port},
                {"HealthCheckEnabled", check.enabled},
                {"HealthCheckIntervalSeconds", check.interval_seconds},
                {"HealthCheckTimeoutSeconds", check.timeout_seconds},
                {"HealthyThresholdCount", check.healthy_threshold},
                {"UnhealthyThresholdCount", check.unhealthy_threshold},
                {"LoadBalancerArns", std::move(balancers)},
                {"TargetType", group.target_type},
                {"IpAddressType", "ipv4"}};
  if (!is_network_protocol(group.protocol)) shown["ProtocolVersion"] = group.protocol_version;
  if (check.protocol == "TCP") return shown;
  shown["HealthCheckPath"] = check.path;
  shown["Matcher"] = {{group.protocol_version == "GRPC" ? "GrpcCode" : "HttpCode", check.matcher}};
  return shown;
}

Json show_listener(const ScopeState& state,
                   const LoadBalancer& balancer,
                   const Listener& listener) {
  Json shown = {{"ListenerArn", listener_arn(state.scope, balancer, listener.id)},
                {"LoadBalancerArn", balancer_arn(state.scope, balancer)},
                {"Port", listener.port},
                {"Protocol", listener.protocol},
                {"DefaultActions", show_actions(state, listener.default_actions)}};
  if (listener.protocol != "HTTPS") return shown;
  shown["SslPolicy"] = listener.ssl_policy;
  Json& certificates = shown["Certificates"] = Json::array();
  // Those beside the default one are what DescribeListenerCertificates is for.
  if (!listener.certificates.empty()) {
    certificates.push_back({{"CertificateArn", listener.certificates.front()}});
  }
  return shown;
}

Json show_rule(const ScopeState& state,
               const LoadBalancer& balancer,
               const Listener& listener,
               const ListenerRule& rule) {
  Json conditions = Json::array();
  for (const RuleCondition& each : rule.conditions) conditions.push_back(show_condition(each));
  return {{"RuleArn", rule_arn(state.scope, balancer, listener.id, rule.id)},
          {"Priority", std::to_string(rule.priority)},
          {"Conditions", std::move(conditions)},
          {"Actions", show_actions(state, rule.actions)},
          {"IsDefault", false}};
}

Json show_default_rule(const ScopeState& state,
                       const LoadBalancer& balancer,
                       const Listener& listener) {
  return {{"RuleArn", rule_arn(state.scope, balancer, listener.id, default_rule_id(listener))},
          {"Priority", "default"},
          {"Conditions", Json::array()},
          {"Actions", show_actions(state, listener.default_actions)},
          {"IsDefault", true}};
}

Json show_tags(const std::vector<Tag>& tags) {
  Json shown = Json::array();
  for (const Tag& each : tags) shown.push_back({{"Key", each.key}, {"Value", each.value}});
  return shown;
}

Json answer_balancer(const State& after, const Scope& scope, const std::string& name) {
  const ScopeState& state = after.scope(scope);
  Json shown = Json::array();
  const auto found = state.balancers.find(name);
  if (found != state.balancers.end()) shown.push_back(show_balancer(scope, found->second.value));
  return {{"LoadBalancers", std::move(shown)}};
}

Json answer_group(const State& after, const Scope& scope, const std::string& name) {
  const ScopeState& state = after.scope(scope);
  Json shown = Json::array();
  const auto found = state.target_groups.find(name);
  if (found != state.target_groups.end()) shown.push_back(show_group(state, found->second.value));
  return {{"TargetGroups", std::move(shown)}};
}

Json answer_listener(const State& after,
                     const Scope& scope,
                     const std::string& balancer,
                     const std::string& listener) {
  const ScopeState& state = after.scope(scope);
  Json shown = Json::array();
  const auto of = state.balancers.find(balancer);
  for (const Kept<Listener>* each : listeners_of(state, balancer)) {
    if (of == state.balancers.end() || each->value.id != listener) continue;
    shown.push_back(show_listener(state, of->second.value, each->value));
  }
  return {{"Listeners", std::move(shown)}};
}

Json answer_rule(const State& after,
                 const Scope& scope,
                 const std::string& balancer,
                 const std::string& listener,
                 const std::string& rule) {
  const ScopeState& state = after.scope(scope);
  Json shown = Json::array();
  const auto of = state.balancers.find(balancer);
  for (const Kept<Listener>* each : listeners_of(state, balancer)) {
    if (of == state.balancers.end() || each->value.id != listener) continue;
    for (const ListenerRule& one : each->value.rules) {
      if (one.id == rule) shown.push_back(show_rule(state, of->second.value, each->value, one));
    }
    if (rule == default_rule_id(each->value)) {
      shown.push_back(show_default_rule(state, of->second.value, each->value));
    }
  }
  return {{"Rules", std::move(shown)}};
}

}  // namespace ikada::elb
