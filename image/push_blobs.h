// The blobs of an image on their way to a registry: several at once, each only if it is missing.
//
// Waits on the network, in threads of its own; the first error stops all.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "image/manifest.h"
#include "image/mount_sources.h"
#include "image/push.h"
#include "image/registry_push.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct BlobToPush {
  Descriptor blob;
  std::function<Result<UniqueFd>()> open;  // The file that holds it; called if it is missing there.
  bool is_shown = false;                   // Layers are, configurations are not.
};

struct PushContext {
  RegistryPush& registry;
  const Reference& target;
  std::string store_root;  // For the records of unfinished uploads.
  // Asked for once, when the first blob is missing; from one thread.
  std::function<Result<MountSources>()> find_sources;
  std::function<void(const PushProgress&)> progress;  // From any thread, one call at a time.
};

Result<void> push_blobs(const PushContext& context, const std::vector<BlobToPush>& blobs);

}  // namespace ikada
