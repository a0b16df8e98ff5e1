// How a host comes to the images of the cluster's registry, and gives them to other hosts.
//
//   RUN/registry.sock, 0600     the registry for this host's agent: on a manager its own, on a
//                               worker that of whichever manager answers (node_tunnels.h)
//   port 7446                   what other nodes get (blob_port.h)
//
// The agent asks other hosts for layers before the managers (image/blob_peers.h); which, a manager
// says (node_answers.h). Small blobs are not worth the question.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "cluster/agent/container_actions.h"
#include "cluster/daemon/cluster_member.h"
#include "cluster/daemon/control_plane.h"
#include "cluster/registry/blob_port.h"

namespace ikada {

struct HostImagesOptions {
  std::string run_root;
  std::string state_root;
  std::uint16_t api_port = 0;
  std::uint16_t tls_port = 0;
  std::uint16_t blob_port = kDefaultBlobPort;
};

class HostImages {
 public:
  // `manager` on managers, `member` in clusters; both outlive it. On the loop.
  static Result<std::unique_ptr<HostImages>> create(boost::asio::io_context& loop,
                                                    HostImagesOptions options,
                                                    ControlPlane* manager,
                                                    const ClusterMember* member);
  ~HostImages();

  void start();
  void stop();
  // This host's certificates are others.
  void note_credentials();

  // See ContainerActionOptions: to be called from pools, also when this has gone.
  using FindSource = std::function<std::optional<ImageSource>(const std::string& registry)>;
  FindSource source_finder() const;

 private:
  struct Door;
  explicit HostImages(std::shared_ptr<Door> door);

  std::shared_ptr<Door> door_;
};

}  // namespace ikada
