// Application and network load balancers as records: balancers, listeners, rules, target groups.
//
// What is not in them follows from elsewhere: a target's health from the proxies that check it, a
// service's targets from its tasks. Targets that were registered through the API are records.
//
// Source: Elastic Load Balancing API Reference, version 2015-12-01, the data types of these names.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/model/json_fields.h"
#include "cluster/model/tag.h"
#include "cluster/model/timestamp.h"

namespace ikada {

struct LoadBalancer {
  std::string name = {};
  std::string id = {};  // 16 hex digits, the end of its ARN.
  std::string scheme = "internet-facing";
  std::string type = "application";  // Or network.
  std::vector<std::string> subnets = {};
  std::vector<std::string> security_groups = {};
  std::string ip_address_type = "ipv4";
  std::map<std::string, std::string> attributes = {};  // Those that differ from the default.
  std::vector<Tag> tags = {};
  Timestamp created_at = {};
  // Its own, from the cluster's pool; empty: it has those of all hosts that carry the balancers.
  std::string address = {};
  std::string holder = {};  // The node that has the address on an interface.
};
void describe(JsonFields& fields, LoadBalancer& balancer);

// Whether its listeners pass connections on, and not requests.
bool is_network(const LoadBalancer& balancer);
// TCP, UDP or TCP_UDP: what listeners and target groups of network load balancers speak.
bool is_network_protocol(std::string_view protocol);

// Who listens on a port of the hosts that carry the balancers, or has an address of the pool.
struct ListenerPort {
  std::string region = {};
  std::string balancer = {};  // The load balancer's name.
  std::string listener = {};  // The listener's id.
};
void describe(JsonFields& fields, ListenerPort& port);

// One condition of a rule. All conditions must hold; of one condition's values any.
struct RuleCondition {
  // host-header, path-pattern, http-header, http-request-method, query-string or source-ip.
  std::string field = {};
  std::string header_name = {};          // Of http-header.
  std::vector<std::string> values = {};  // '*' and '?' as wildcards; CIDRs for source-ip.
  std::vector<std::string> keys = {};    // Of query-string: beside each value; empty: any key.

  bool operator==(const RuleCondition&) const = default;
};
void describe(JsonFields& fields, RuleCondition& condition);

struct WeightedGroup {
  std::string target_group = {};  // Its name.
  std::int32_t weight = 1;        // 0 to 999.

  bool operator==(const WeightedGroup&) const = default;
};
void describe(JsonFields& fields, WeightedGroup& group);

// What is done with a request.
struct ListenerAction {
  std::string type = {};  // forward, redirect or fixed-response.
  std::int32_t order = 1;
  std::vector<WeightedGroup> groups = {};     // Of forward; at least one.
  std::int32_t group_stickiness_seconds = 0;  // Of forward; 0: no stickiness between groups.
  // Of redirect: may hold #{protocol} #{host} #{port} #{path} #{query}.
  std::string protocol = "#{protocol}";
  std::string host = "#{host}";
  std::string port = "#{port}";
  std::string path = "/#{path}";
  std::string query = "#{query}";
  std::string status_code = {};   // HTTP_301 or HTTP_302; of fixed-response 2XX, 4XX, 5XX.
  std::string content_type = {};  // Of fixed-response.
  std::string message_body = {};  // Likewise, at most 1024 bytes.

  bool operator==(const ListenerAction&) const = default;
};
void describe(JsonFields& fields, ListenerAction& action);

struct ListenerRule {
  std::string id = {};        // 16 hex digits.
  std::int32_t priority = 0;  // 1 to 50000; lower ones are tried first.
  std::vector<RuleCondition> conditions = {};
  std::vector<ListenerAction> actions = {};
  std::vector<Tag> tags = {};

  bool operator==(const ListenerRule&) const = default;
};
void describe(JsonFields& fields, ListenerRule& rule);

struct Listener {
  std::string balancer = {};  // The load balancer's name.
  std::string id = {};        // 16 hex digits.
  std::int32_t port = 0;
  std::string protocol = "HTTP";               // HTTP or HTTPS; TCP, UDP or TCP_UDP.
  std::string ssl_policy = {};                 // Of HTTPS.
  std::vector<std::string> certificates = {};  // Their ARNs; the first is the default one.
  std::vector<ListenerAction> default_actions = {};
  std::vector<ListenerRule> rules = {};  // By priority.
  std::vector<Tag> tags = {};
};
void describe(JsonFields& fields, Listener& listener);

struct TargetHealthCheck {
  bool enabled = true;
  std::string protocol = "HTTP";      // HTTP, HTTPS or TCP.
  std::string port = "traffic-port";  // Or a number.
  std::string path = "/";
  std::int32_t interval_seconds = 30;
  std::int32_t timeout_seconds = 5;
  std::int32_t healthy_threshold = 5;
  std::int32_t unhealthy_threshold = 2;
  std::string matcher = "200";  // Codes: "200,202", "200-299".

  bool operator==(const TargetHealthCheck&) const = default;
};
void describe(JsonFields& fields, TargetHealthCheck& check);

// What RegisterTargets names: an instance and a port, or an address and a port.
struct RegisteredTarget {
  std::string id = {};  // A container instance's id, an EC2 instance's id, or an IPv4 address.
  std::int32_t port = 0;
  // Set when it was deregistered and its connections may still end.
  std::optional<Timestamp> draining_since = {};
};
void describe(JsonFields& fields, RegisteredTarget& target);

struct TargetGroup {
  std::string name = {};
  std::string id = {};                     // 16 hex digits.
  std::string protocol = "HTTP";           // HTTP or HTTPS; TCP, UDP or TCP_UDP.
  std::string protocol_version = "HTTP1";  // HTTP1, HTTP2 or GRPC.
  std::int32_t port = 0;
  std::string vpc_id = {};
  std::string target_type = "instance";  // instance or ip.
  TargetHealthCheck health_check = {};
  std::map<std::string, std::string> attributes = {};  // Those that differ from the default.
  std::vector<RegisteredTarget> targets = {};          // Through the API; a service's are not here.
  std::vector<Tag> tags = {};
  Timestamp created_at = {};
};
void describe(JsonFields& fields, TargetGroup& group);

}  // namespace ikada
