// What root asks this host's daemon about its cluster, on RUN/ikadad.sock:
//
//   GET    /cluster              what this host is
//   POST   /cluster/init         {"name", "address"}
//   POST   /cluster/join         {"manager", "token", "name", "address"}
//   POST   /cluster/restore      {"path", "name", "address"}
//   POST   /cluster/backup       {"path"}
//   POST   /cluster/leave        {"force"}
//   POST   /cluster/token        {"role", "lifetimeSeconds"}
//   POST   /cluster/key          makes a new key of gossip
//   GET    /cluster/key          how far that is
//   POST   /cluster/authority    makes new authorities, whose exchange goes on by itself: {"force"}
//   GET    /cluster/authority    how far that is
//   GET    /cluster/nodes
//   DELETE /cluster/nodes/NODE   ?force=1
//   POST   /cluster/nodes/NODE/role   {"role"}
//
// On a manager that does not lead, what is about nodes, tokens and keys goes to the one that does;
// while nobody leads it lists nodes as it sees them itself, with a "remark".
//
// Answers are JSON; a failure is {"error": MESSAGE} with a status that fits its kind, and with a
// "code" where a program may do something about it: HOST_CHANGES (host_daemon.h).
#pragma once

#include "cluster/daemon/host_daemon.h"

namespace ikada {

struct ClusterRequest {
  std::string method;
  std::string target;
  std::string body;
};

bool is_cluster_route(const HttpRequest& request);
void answer_cluster_request(HostDaemon& host,
                            const HttpRequest& request,
                            const HttpServer::Respond& respond);
// A request of these that another manager has got, which does not lead.
void answer_other_manager(HostDaemon& host, const Json& asked, const HostDaemon::Done& done);

}  // namespace ikada
