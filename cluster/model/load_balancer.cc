#include "cluster/model/load_balancer.h"

namespace ikada {

void describe(JsonFields& fields, LoadBalancer& balancer) {
  fields.field("name", balancer.name);
  fields.field("id", balancer.id);
  fields.field("scheme", balancer.scheme);
  fields.field("type", balancer.type);
  fields.field("subnets", balancer.subnets);
  fields.field("securityGroups", balancer.security_groups);
  fields.field("ipAddressType", balancer.ip_address_type);
  fields.field("attributes", balancer.attributes);
  fields.field("tags", balancer.tags);
  fields.field("createdAt", balancer.created_at);
  fields.field("address", balancer.address);
  fields.field("holder", balancer.holder);
}

bool is_network(const LoadBalancer& balancer) { return balancer.type == "network"; }

bool is_network_protocol(std::string_view protocol) {
  return protocol == "TCP" || protocol == "UDP" || protocol == "TCP_UDP";
}

void describe(JsonFields& fields, ListenerPort& port) {
  fields.field("region", port.region);
  fields.field("balancer", port.balancer);
  fields.field("listener", port.listener);
}

void describe(JsonFields& fields, RuleCondition& condition) {
  fields.field("field", condition.field);
  fields.field("headerName", condition.header_name);
  fields.field("values", condition.values);
  fields.field("keys", condition.keys);
}

void describe(JsonFields& fields, WeightedGroup& group) {
  fields.field("targetGroup", group.target_group);
  fields.field("weight", group.weight);
}

void describe(JsonFields& fields, ListenerAction& action) {
  fields.field("type", action.type);
  fields.field("order", action.order);
  fields.field("groups", action.groups);
  fields.field("groupStickinessSeconds", action.group_stickiness_seconds);
  fields.field("protocol", action.protocol);
  fields.field("host", action.host);
  fields.field("port", action.port);
  fields.field("path", action.path);
  fields.field("query", action.query);
  fields.field("statusCode", action.status_code);
  fields.field("contentType", action.content_type);
  fields.field("messageBody", action.message_body);
}

void describe(JsonFields& fields, ListenerRule& rule) {
  fields.field("id", rule.id);
  fields.field("priority", rule.priority);
  fields.field("conditions", rule.conditions);
  fields.field("actions", rule.actions);
  fields.field("tags", rule.tags);
}

void describe(JsonFields& fields, Listener& listener) {
  fields.field("balancer", listener.balancer);
  fields.field("id", listener.id);
  fields.field("port", listener.port);
  fields.field("protocol", listener.protocol);
  fields.field("sslPolicy", listener.ssl_policy);
  fields.field("certificates", listener.certificates);
  fields.field("defaultActions", listener.default_actions);
  fields.field("rules", listener.rules);
  fields.field("tags", listener.tags);
}

void describe(JsonFields& fields, TargetHealthCheck& check) {
  fields.field("enabled", check.enabled);
  fields.field("protocol", check.protocol);
  fields.field("port", check.port);
  fields.field("path", check.path);
  fields.field("intervalSeconds", check.interval_seconds);
  fields.field("timeoutSeconds", check.timeout_seconds);
  fields.field("healthyThreshold", check.healthy_threshold);
  fields.field("unhealthyThreshold", check.unhealthy_threshold);
  fields.field("matcher", check.matcher);
}

void describe(JsonFields& fields, RegisteredTarget& target) {
  fields.field("id", target.id);
  fields.field("port", target.port);
  fields.field("drainingSince", target.draining_since);
}

void describe(JsonFields& fields, TargetGroup& group) {
  fields.field("name", group.name);
  fields.field("id", group.id);
  fields.field("protocol", group.protocol);
  fields.field("protocolVersion", group.protocol_version);
  fields.field("port", group.port);
  fields.field("vpcId", group.vpc_id);
  fields.field("targetType", group.target_type);
  fields.field("healthCheck", group.health_check);
  fields.field("attributes", group.attributes);
  fields.field("targets", group.targets);
  fields.field("tags", group.tags);
  fields.field("createdAt", group.created_at);
}

}  // namespace ikada
