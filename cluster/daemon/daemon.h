// The host's daemon: builds its parts, runs the loop, shuts down in order.
//
// One thread has the state; pools wait for disks, registries and kernels. It never clones or
// unshares itself; what it starts are other programs. Its end stops no container.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/http/http_server.h"
#include "runtime/base/result.h"

namespace ikada {

struct DaemonOptions {
  std::string run_root = "/run/ikada";
  std::string state_root = "/var/lib/ikada";
  std::string cluster_config = "/etc/ikada/cluster.yaml";  // With it the daemon is a manager.
  std::string agent_config = "/etc/ikada/agent.yaml";
  std::uint16_t api_port = 7439;
  std::uint16_t tls_port = 7440;     // Of the same with TLS, in a cluster of several hosts.
  std::uint16_t node_port = 7442;    // Of a manager, for the other nodes.
  std::uint16_t gossip_port = 7441;  // The same on all nodes of a cluster.
  // Of the managers' etcd, for clients and for its members; the same on all managers.
  std::uint16_t etcd_client_port = 7443;
  std::uint16_t etcd_peer_port = 7444;
  std::uint16_t stream_port = 7445;  // Of logs and exec from managers.
  std::uint16_t blob_port = 7446;    // Of images, for the other nodes; the same on all nodes.
  std::string notify_socket;         // NOTIFY_SOCKET of the service manager; may be empty.
  HttpLimits limits;
};

enum class DaemonEnd {
  kStopped,
  kRestart,  // To begin anew: the host has left its cluster.
};

// Serves RUN/ikadad.sock, as a manager RUN/api.sock, and runs the tasks that its host is given,
// until SIGTERM or SIGINT. kConflict if another daemon does already. A pull that was under way may
// go on in a thread: the process ends without waiting for it.
Result<DaemonEnd> run_daemon(const DaemonOptions& options);

}  // namespace ikada
