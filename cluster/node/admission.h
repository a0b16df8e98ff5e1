// How a host becomes a member: what it asks for, what a manager makes of it, what it keeps. Pure
// but for the keys that are drawn.
//
// The host makes its keys, sends their public halves and the token's secret, and gets back a
// certificate and an admission to gossip. Name, address and version are its own words; id and role
// are the manager's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cluster/model/node.h"
#include "cluster/node/membership.h"
#include "cluster/state/state.h"

namespace ikada {

struct JoinRequest {
  auth::Secret secret;
  std::string certificate_request;
  gossip::PublicKey gossip_key{};
  std::string name;
  std::string address;
  std::string version;
  std::vector<std::string> routes = {};  // "10.0.0.0/8 dev eth0": no network may be made over them.
  bool has_etcd = false;                 // Which a manager needs.
};

// The keys that stay with the host.
struct JoinKeys {
  auth::Secret key = auth::generate_private_key();
  gossip::PrivateKey gossip_key = gossip::random_private_key();
};

Result<JoinRequest> make_join_request(const JoinKeys& keys);
Json to_json(const JoinRequest& request);
Result<JoinRequest> parse_join_request(const Json& json);

// The role that the secret stands for. kDenied for one that is unknown or has expired.
Result<auth::NodeRole> check_join_secret(const ScopeState& scope,
                                         const auth::Secret& secret,
                                         Timestamp now);

// Whether the node is left of an attempt of the host to join that it did not finish.
bool is_same_host(const Node& node, const JoinRequest& request);

// Whether name and address are the host's alone. kInvalid for a loopback address, which other hosts
// do not reach; kConflict if a manager has one of them, or a node that `is_connected`.
Result<void> check_new_node(const ScopeState& scope,
                            const JoinRequest& request,
                            const std::function<bool(const std::string& node)>& is_connected);

// Whether the host may become another manager. kConflict if one is at its address already, or if
// there are as many as make sense; kUnavailable without etcd.
Result<void> check_new_manager(const ScopeState& scope, const JoinRequest& request);

struct JoinTerms {
  auth::NodeRole role = auth::NodeRole::kWorker;
  std::string id;  // Of the new node.
  Timestamp now;
  std::int64_t certificate_lifetime_s = auth::kNodeCertificateSeconds;
  std::vector<std::string> managers = {};  // "192.0.2.1:7442"
};

struct Admitted {
  Node node;
  Json answer;  // For the host.
};

// kInvalid for a name or an address that is none, and for keys that are none.
Result<Admitted> admit_node(const ClusterKeys& keys,
                            const JoinRequest& request,
                            const JoinTerms& terms);

// What the host keeps of the answer.
Result<Membership> take_answer(const Json& answer,
                               JoinKeys keys,
                               const JoinRequest& request,
                               std::string authority);

// A certificate for a node whose own ends some day; the key stays. What its record says of the
// certificate is changed with it.
Result<std::string> renew_certificate(const ClusterKeys& keys,
                                      const std::string& certificate_request,
                                      Node& node,
                                      Timestamp now,
                                      std::int64_t lifetime_s);

}  // namespace ikada
