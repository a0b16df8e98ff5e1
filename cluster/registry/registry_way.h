// The agent's way to the cluster's registry: which names mean it, and layers from other hosts.
// Called from the threads that pull.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cluster/agent/container_actions.h"
#include "cluster/node/node_tls.h"
#include "image/blob_peers.h"
#include "image/http_client.h"

namespace ikada {

struct RegistryWayOptions {
  std::string socket;              // Of the registry on this host (host_images.h).
  std::vector<std::string> names;  // That mean it in any case.
  std::string address;             // This host's, as others reach it; empty: there are no others.
  std::uint16_t blob_port = 0;     // The same on all hosts.
};

class RegistryWay final : public BlobPeers {
 public:
  explicit RegistryWay(RegistryWayOptions options) : options_(std::move(options)) {}

  // The node's own certificate; a renewed one from then on.
  void set_tls(TlsContext tls);

  // Nothing for a registry that is not the cluster's.
  std::optional<ImageSource> find(const std::string& registry);

  Result<std::uint64_t> fetch(const Descriptor& blob,
                              std::uint64_t offset,
                              const Sink& sink) override;
  void note_piece(const Descriptor& blob) override;
  void note(const Descriptor& blob, Outcome outcome) override;
  bool mend(const Digest& digest) override;

 private:
  // A blob on its way.
  struct Coming {
    std::vector<std::string> givers = {};
    std::chrono::steady_clock::time_point told_at = std::chrono::steady_clock::now();
  };

  Result<HttpClient*> manager_client();
  Result<Json> ask_manager(const std::string& method, const std::string& path);
  std::string source_path(const Descriptor& blob) const;
  void note_failed(const Descriptor& blob, const std::string& from);
  std::optional<Error> fetch_from(const std::string& address,
                                  const Descriptor& blob,
                                  std::uint64_t& position,
                                  const Sink& sink);

  const RegistryWayOptions options_;
  std::mutex mutex_;
  TlsContext tls_;                  // Guarded by mutex_, as what follows.
  std::vector<std::string> names_;  // As a manager has told.
  std::chrono::steady_clock::time_point told_at_{};
  std::map<std::string, Coming> coming_;  // By digest.
  // Made once: it keeps its connections. Called without the mutex.
  std::unique_ptr<HttpClient> client_;
};

}  // namespace ikada
