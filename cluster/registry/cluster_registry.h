// A manager's registry: /v2/ on the ports of the API (image/registry), with the images that the
// cluster has on record (registry_keeper.h).
//
// It has threads of its own: no byte of an image passes the daemon's loop, except through TLS. The
// files are in STATE/cluster/registry (image/registry/layout.h). Of what is on record no more they
// go an hour later. All calls are on the daemon's loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "cluster/http/http_server.h"
#include "cluster/node/node_tls.h"
#include "cluster/registry/registry_keeper.h"
#include "image/registry/connection.h"
#include "image/registry/site.h"

namespace ikada {

class ClusterRegistry {
 public:
  // What is in `ground` outlives it. kConflict if another process serves the directory.
  // `ports` are those of the API, without and with TLS.
  struct Ports {
    std::uint16_t plain = 0;
    std::uint16_t tls = 0;
  };
  static Result<std::unique_ptr<ClusterRegistry>> create(const std::string& directory,
                                                         const RegistryKeeper::Ground& ground,
                                                         const Ports& ports);
  ~ClusterRegistry();

  void start();
  // What waits for the loop or for other hosts ends soon from now on.
  void close();
  // The same, and ends all connections.
  void stop();

  // A connection of the API's whose client asks for /v2/.
  void take(HttpServer::Given given);
  // One of this host's own agent.
  void take_own(UniqueFd socket);

  // The actions of ECR's API that need manifests and layers (registry_actions.h): `request` has no
  // target. Responds on the loop.
  static bool serves(std::string_view action);
  void handle(std::string_view action, const ApiRequest& request, ApiServer::Respond respond);

  // Answers requests, also for other servers' threads. `head.peer_name` has been made sure of.
  const registry::Responder& responder() const;
  // Whether that node is on record; DENIED. For other servers' threads, too.
  Result<void> admit(const std::string& peer_name, const registry::Yield& yield) const;
  // Other managers can be reached, at that port, with the certificate of this one; `address` is
  // its own.
  void reach_others(const std::string& address, TlsContext tls, std::uint16_t port);

 private:
  struct Hall;
  explicit ClusterRegistry(std::unique_ptr<Hall> hall);

  std::unique_ptr<Hall> hall_;
};

}  // namespace ikada
