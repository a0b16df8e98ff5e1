// One call of the API, as an action sees it: who asks for what, in which scope, and when.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cluster/api/elb/address_pool.h"
#include "cluster/loadbalancing/target_sights.h"
#include "cluster/model/arn.h"
#include "cluster/model/ecs_error.h"
#include "cluster/model/json_fields.h"
#include "cluster/service/task_health.h"

namespace ikada {

class CertificateIssuer;
struct MetricBook;
class Vault;

struct ApiOptions {
  std::string account = "000000000000";
  std::string home_region = "us-east-1";  // Where no signature names another.
  // Instances registered through the API run any task in name only.
  bool virtual_instances = false;
  // Nothing is changed while the audit log has no room.
  bool needs_audit_room = true;
  // A service's task without checks is healthy when it has been RUNNING for so long.
  std::chrono::milliseconds healthy_after = service::kHealthyAfter;
  // What sessions of a task role may do: patterns of actions, "ecs:List*", by the role's name.
  std::map<std::string, std::vector<std::string>> role_actions = {};
  std::string certificates = "/etc/ikada/certificates";  // NAME.pem: for HTTPS listeners.
  // Whether there is one of this name; null: any is taken.
  std::function<bool(const std::string& name)> has_certificate = {};
  // Issues certificates for so long. Null where there is no authority.
  std::shared_ptr<const CertificateIssuer> issuer = {};
  std::chrono::seconds certificate_lifetime = std::chrono::hours(24 * 90);
  std::chrono::seconds node_certificate_lifetime = std::chrono::hours(24 * 90);  // Nodes' own.
  // Ports that no listener of a load balancer can have; null: none.
  std::function<bool(std::int32_t port)> is_reserved_port = {};
  // Addresses for load balancers, each its own; empty: they have those of the hosts that carry
  // them. And the interface that they are put on; empty: the one that has the host's address.
  std::vector<elb::AddressRange> balancer_addresses = {};
  std::string balancer_interface = {};
  // The registry's name, "registry.example.com:7440"; empty: by the name that it is called by.
  std::string registry = {};
  std::string local_registry = "127.0.0.1:7439";  // Where a call comes by no such name.
  // Seals what must not rest in clear, and makes sessions. Null where there are no such things.
  std::shared_ptr<const Vault> vault = {};
};

class TaskPlacer;

struct ApiCall {
  const Json& body;  // An object.
  Scope scope;
  std::string caller_arn;
  Timestamp now;
  const ApiOptions& options;
  std::function<std::string(size_t bytes)> random_hex;
  std::string host = {};                   // That the API was called by: "127.0.0.1:7439".
  bool is_secure = false;                  // By TLS.
  int losses = 0;                          // Proposals in a row that lost against other changes.
  TaskPlacer* placer = nullptr;            // For the actions that place tasks.
  const SeenTargets* seen = nullptr;       // Of the balancers' targets; null: nothing.
  const ServingSights* serving = nullptr;  // What the hosts serve of balancers; null: nobody tells.
  const MetricBook* metrics = nullptr;     // Of the balancers; null: none.

  const SeenTargets& sights() const {
    static const SeenTargets nothing;
    return seen == nullptr ? nothing : *seen;
  }
  const ServingSights& serving_sights() const {
    static const ServingSights nobody;
    return serving == nullptr ? nobody : *serving;
  }
};

// The body as an action's input. SerializationException for a member of the wrong type,
// InvalidParameterException for one that must be there and is not.
Error input_error(Error error);

// The SHA-256 of the body, in hexadecimal digits: what a clientToken was used with.
std::string digest_of_body(const ApiCall& call);

template <typename T>
Result<T> parse_input(const ApiCall& call) {
  Result<T> input = from_json<T>(call.body, "request");
  if (!input.has_value()) return input_error(std::move(input.error()));
  return input;
}

}  // namespace ikada
