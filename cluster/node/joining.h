// A host's way into the cluster: one connection to a manager, one question. A manager that does not
// lead says who does.
//
// The manager is believed when it shows a certificate of the authority that the token names; before
// that the token's secret is not said.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cluster/auth/join_token.h"
#include "cluster/node/admission.h"
#include "cluster/node/node_link.h"

namespace ikada {

struct JoinWish {
  NodeLink::Endpoint manager;
  auth::JoinToken token;
  std::string name;
  std::string address;  // Empty: the one that this host reaches the manager from.
  std::string version;
  std::vector<std::string> routes = {};  // See JoinRequest.
  bool has_etcd = false;
  NodeLinkLimits limits = {};
};

struct Joined {
  Membership membership;
  Json manager;  // For a manager: what else it needs (cluster/daemon/host_promotion.cc).
};

// Calls `then` once, on the loop. kDenied if the manager is not the token's or does not take the
// secret; kUnavailable if it cannot be reached.
void join_cluster(boost::asio::io_context& loop,
                  JoinWish wish,
                  std::function<void(Result<Joined>)> then);

}  // namespace ikada
