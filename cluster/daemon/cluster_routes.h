// What root asks this host's daemon about its cluster, on RUN/ikadad.sock:
//
//   GET    /cluster              what this host is
//   POST   /cluster/init         {"name", "address"}
//   POST   /cluster/join         {"manager", "token", "name", "address"}
//   POST   /cluster/restore      {"path", "name", "address"}
//   POST   /cluster/backup       {"path"}
//   POST   /cluster/leave        {"force"}
//   POST   /cluster/token        {"role", "lifetimeSeconds"}
//   GET    /cluster/nodes
//   DELETE /cluster/nodes/NODE   ?force=1
//
// Answers are JSON; a failure is {"error": MESSAGE} with a status that fits its kind.
#pragma once

#include "cluster/daemon/host_daemon.h"

namespace ikada {

bool is_cluster_route(const HttpRequest& request);
void answer_cluster_request(HostDaemon& host,
                            const HttpRequest& request,
                            const HttpServer::Respond& respond);

}  // namespace ikada
