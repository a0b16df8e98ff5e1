// Images on all managers: before a push is acknowledged another manager has it, and what one does
// not have it fetches from the others, by digest.
//
//   GET  /ikada/kept/DIGEST                 a blob or manifest of this manager's registry
//   POST /ikada/images/DIGEST?in=REPOSITORY 200 when this manager has that image whole, on its disk
//   POST /ikada/spoilt/DIGEST               what it gave of that was wrong: 200 when it has looked,
//                                           and mended or set it aside
//
// The posts answer 202 after a second, and are to be asked again. All on the port of blobs, for
// nodes (blob_port.h). All calls wait; from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "cluster/node/node_tls.h"
#include "cluster/registry/peer_exchange.h"
#include "image/registry/keeper.h"
#include "image/registry/layout.h"
#include "image/registry/manifest_content.h"

namespace ikada {

class ImageCopies {
 public:
  // What waits for others ends soon from now on, with an error.
  void close() { is_closed_ = true; }

  // With `tls` and at `port` other managers are reached; before that there are none.
  void use(TlsContext tls, std::uint16_t port);

  // What is missing in the repository, from one of the managers; also a manifest that is spoilt.
  // BLOB_UNKNOWN.
  Result<void> obtain(const registry::Layout& layout,
                      const std::vector<std::string>& managers,
                      const std::string& repository,
                      const registry::ContentDigest& digest,
                      bool is_manifest);

  // An image with everything that it refers to; the manifest last, so that one that is there is
  // whole.
  Result<void> bring(const registry::Layout& layout,
                     const std::vector<std::string>& managers,
                     const std::string& repository,
                     const registry::ContentDigest& digest);

  // Reads the blob that is here: one that is spoilt is fetched anew, or set aside if nobody has
  // it now.
  Result<void> mend(const registry::Layout& layout,
                    const std::vector<std::string>& managers,
                    const registry::ContentDigest& digest);
  // The same for one that was not looked at for a day.
  Result<void> mend_at_times(const registry::Layout& layout,
                             const std::vector<std::string>& managers,
                             const registry::ContentDigest& digest);

  // Until one of the other managers has the image: the next is asked if one fails, or is silent for
  // some seconds. UNAVAILABLE if none can have it now; nothing is done where there is no other.
  Result<void> spread(const std::vector<std::string>& managers,
                      const std::string& repository,
                      const std::string& digest);

 private:
  PeerRequest request_to(const std::string& manager);
  Result<void> fetch(const std::string& manager,
                     const registry::ContentDigest& digest,
                     const std::string& file);
  Result<void> obtain_from(const registry::Layout& layout,
                           std::vector<std::string>& managers,
                           const std::string& repository,
                           const registry::ContentDigest& digest,
                           bool is_manifest);
  Result<void> bring_to_depth(const registry::Layout& layout,
                              std::vector<std::string>& managers,
                              const std::string& repository,
                              const registry::ContentDigest& digest,
                              int depth);

  std::atomic<bool> is_closed_ = false;
  std::mutex mutex_;
  TlsContext tls_;  // Guarded by it, as what follows.
  std::uint16_t port_ = 0;
  std::map<std::string, std::chrono::steady_clock::time_point> looked_at_;
};

}  // namespace ikada
