// What a host has of images, for the other hosts of its cluster: TLS with the nodes' certificates.
//
//   GET /ikada/blobs/DIGEST    the blob of this host's own store (image/store.h), or a part of it;
//                              as soon as it has come, who asks looks at its size and digest
//   /v2/…, /ikada/…            on managers: the cluster's registry (cluster_registry.h)
//
// Managers refuse nodes that are not on record any more. Workers do not know the records: to them
// a certificate says enough until it ends.
//
// It has threads of its own, because images are large: what the port of logs and commands serves
// is on the daemon's loop. All calls are on that loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cluster/node/node_tls.h"
#include "image/registry/connection.h"
#include "runtime/base/result.h"

namespace ikada {

inline constexpr std::uint16_t kDefaultBlobPort = 7446;

struct BlobPortOptions {
  std::string address;  // "0.0.0.0" or "::".
  std::uint16_t port = kDefaultBlobPort;
  std::string state_root;  // Whose image store it is.
  // Null on workers. Outlives the port.
  const registry::Responder* registry = nullptr;
  // Whether that node may have blobs; the registry asks itself. Empty on workers: any may.
  std::function<Result<void>(const std::string& peer_name, const registry::Yield& yield)> admit =
      {};
};

class BlobPort {
 public:
  // Listens.
  static Result<std::unique_ptr<BlobPort>> create(const BlobPortOptions& options,
                                                  const NodeCredentials& credentials);
  ~BlobPort();  // Ends all connections.

  // For connections from now on: a certificate was renewed.
  Result<void> use(const NodeCredentials& credentials);
  void start();

 private:
  struct Port;
  explicit BlobPort(std::unique_ptr<Port> port);

  std::unique_ptr<Port> port_;
};

}  // namespace ikada
