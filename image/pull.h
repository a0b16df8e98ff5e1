// Fetching an image from a registry into the store: verified while it streams, unpacked while it
// downloads.
//
// Waits on the network; call it from a thread that may. Two pulls of one layer at once, also in two
// processes, share the work. A pull that fails or is killed leaves nothing that looks like an
// image.
//
// Source: OCI distribution-spec 1.1, image-spec 1.1.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "image/blob_peers.h"
#include "image/image_budget.h"
#include "image/layer_tree.h"
#include "image/reference.h"
#include "image/registry_client.h"
#include "image/store.h"
#include "image/store_policy.h"
#include "runtime/base/result.h"

namespace ikada {

// What happened to one layer; called from any thread, one call at a time.
struct PullProgress {
  enum class Phase { kWaiting, kDownloading, kExtracting, kDone, kExists };
  std::string layer;  // Digest of the blob.
  Phase phase = Phase::kWaiting;
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
};

struct PullOptions {
  std::string platform;  // "linux/amd64", "linux/arm64/v8"; empty means this host's.
  std::function<void(const PullProgress&)> progress;  // May be empty.
  std::optional<RegistryOptions> registry;  // None: registry_options_for() the reference's.
  BlobPeers* peers = nullptr;               // Asked for layers first; null: nobody.
  LayerLimits limits;
  std::uint64_t max_image_bytes = kMaxImageBytes;  // Of its layers, packed and unpacked.
  ImagePolicy policy = {};                         // What may go when there is too little room.
};

struct PullResult {
  StoredImage image;
  std::string digest;     // Of the manifest or index the registry gave for the reference.
  bool was_new = false;   // The reference did not mean this image before.
  UniqueFd keeping = {};  // begin_pull(): nothing of the image is collected while it is open.
};

// Mirrors that the registry's options name are asked first, the registry itself at last; the error
// is the registry's. kNotFound: no such image or tag; kDenied: credentials missing or wrong;
// kUnavailable: registry unreachable; kInvalid with a code (DIGEST_MISMATCH, SIZE_MISMATCH,
// MANIFEST_INVALID, LAYER_…): the content was refused; kSystem with code NO_SPACE: the disk is
// full, also after room was made (image/store_space.h), which the caller keeps from happening if it
// has begin_pull() itself.
Result<PullResult> pull_image(ImageStore& store,
                              const Reference& reference,
                              const PullOptions& options);

}  // namespace ikada
