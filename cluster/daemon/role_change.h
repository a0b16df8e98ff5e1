// What the leading manager does for a node that is to have the other role (Node::wanted_role, which
// is the decision). Pure but for what answer_promotion() asks.
//
//   promote   the record says "manager"; the node is told {"tell": "role"} and asks "promote"; it
//             gets a place in etcd, then the record's role is "manager", then it gets a certificate
//             and the keys, keeps them and starts anew; when it is connected as a manager the
//             record's wish goes
//   demote    the record says "worker"; its member of etcd is removed, then the record's role is
//             "worker"; the node is told, asks "renew", keeps the certificate, removes the keys and
//             starts anew; when it is connected as a worker the record's wish goes
//
// A host or a leader that dies in between changes nothing in that order: whoever leads next, and
// the node when it is back, go on from the record. Meanwhile certificates of both roles are good.
// While a manager is away etcd takes no new member: the wish waits until that is back or removed,
// or is taken back. A place in etcd that a node has got and not begun to use is its own still.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/api/outcome.h"
#include "cluster/auth/certificates.h"
#include "cluster/daemon/node_sessions.h"

namespace ikada {

// Whether who shows that role may be the node.
bool may_have_role(const Node& node, auth::NodeRole role);

// What a node that shows `role` is to be told: the other role, as soon as it can have it.
std::optional<std::string> role_to_tell(const Node& node, auth::NodeRole role);

// The record with the wish. kConflict for one that has the role already, or that cannot get it.
Result<Node> plan_role(const ScopeState& scope, const Node& node, const std::string& role);

// The members of etcd, by address, that stay without `node` and do their part: kConflict if they
// are no majority of those that stay. Good as long as no manager's record changes.
Result<void> check_majority_without(const ScopeState& scope,
                                    const Node& node,
                                    const std::map<std::string, std::string>& member_states);

std::vector<std::string> manager_addresses(const ScopeState& scope);
// Where etcd may have members: also one that is to be a manager has a place there, before its
// record says that it is one.
std::vector<std::string> etcd_addresses(const ScopeState& scope);

struct PromotionGround {
  ApiServer& api;
  StateFeed& feed;
  const ClusterKeys& keys;
  const ManagerCalls& calls;
  std::vector<std::string> managers;
  std::int64_t certificate_lifetime_s = 0;
};

// The question "promote", {"certificateRequest", "hasEtcd"}: {"certificate", "manager",
// "managers"}.
void answer_promotion(const PromotionGround& ground,
                      const std::string& node,
                      const Json& question,
                      const ManagerCalls::Reply& reply);

}  // namespace ikada
