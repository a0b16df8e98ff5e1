// Sending an image from the store to a registry: what the registry has stays there, what another of
// its repositories has is mounted, the rest is sent, each blob with the bytes that it was pulled
// with.
//
// Waits on the network; call it from a thread that may. The manifest is the last, so an interrupted
// push leaves no image in the registry; pushed again, it goes on where it stopped as far as the
// registry keeps unfinished uploads.
//
// Source: OCI distribution-spec 1.1, "Push".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "image/reference.h"
#include "image/registry_options.h"
#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

// What happened to one layer; called from any thread, one call at a time.
struct PushProgress {
  enum class Phase { kPreparing, kPushing, kPushed, kMounted, kExists };
  std::string layer;  // Digest of the blob.
  Phase phase = Phase::kPreparing;
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
  std::string source = {};  // The repository it was mounted from.
};

struct PushOptions {
  std::string platform;                               // The image must be for it; empty for any.
  std::function<void(const PushProgress&)> progress;  // May be empty.
  RegistryOptions registry;
};

struct PushResult {
  std::string digest;  // Of the manifest, as it is in the registry now.
  std::uint64_t size_bytes = 0;
};

// kNotFound: no such image here; kDenied: credentials missing or wrong; kUnavailable: registry
// unreachable, busy, or not content; kInvalid with code DIGEST_MISMATCH: the registry has got or
// kept something else.
Result<PushResult> push_image(ImageStore& store,
                              const Reference& target,
                              const PushOptions& options);

}  // namespace ikada
