// The hosts of the cluster and how they came in. A certificate whose node has no record is refused.
// ECS knows only the container instance that runs on one; these records are ikada's own.
#pragma once

#include <optional>
#include <string>

#include "cluster/model/json_fields.h"

namespace ikada {

struct Node {
  std::string id = {};  // 32 hexadecimal digits.
  std::string name = {};
  std::string role = "worker";  // Or "manager".
  std::string address = {};     // Where others reach it, without port.
  std::string version = {};     // Of its program.
  Timestamp joined_at = {};
  std::string certificate_serial = {};
  Timestamp certificate_ends_at = {};
  std::optional<std::string> subnet = {};   // Of its tasks in mode awsvpc: "10.120.3.0/24".
  std::optional<std::string> cluster = {};  // Of its container instance, as the next.
  std::optional<std::string> instance = {};
  std::optional<bool> is_new = {};  // It was admitted and has not been seen yet.
  // Another role that it is to have: until it has been seen in it.
  std::optional<std::string> wanted_role = {};
  std::optional<std::string> role_error = {};  // Why that did not come about.
};
void describe(JsonFields& fields, Node& node);

// The network of tasks in mode awsvpc: each host has a subnet of the pool, and the hosts carry the
// packets to each other in VXLAN.
struct ClusterNetwork {
  std::string pool = {};                        // "10.120.0.0/16".
  std::int32_t vni = 7440;                      // The number of the network in VXLAN's header.
  std::int32_t port = 4789;                     // UDP, on every host.
  std::optional<std::string> last_subnet = {};  // Given last; the search goes on behind it.
};
void describe(JsonFields& fields, ClusterNetwork& network);

// What a host shows to join in one role. The secret itself is kept nowhere.
struct JoinGrant {
  std::string secret_sha256 = {};  // Hexadecimal.
  Timestamp created_at = {};
  std::optional<Timestamp> expires_at = {};
};
void describe(JsonFields& fields, JoinGrant& grant);

}  // namespace ikada
