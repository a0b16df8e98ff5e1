// One layer of a pull: from the registry, a finished blob or an interrupted download to its place
// in the store.
//
// Waits on the network, on the disk, and on another process that is at the same layer. Nothing is
// at its final place before size, digest and diff-id have matched and the bytes are on the disk.
//
// Source: image/store.h describes the files and locks.
#pragma once

#include <cstdint>
#include <functional>

#include "image/pull.h"
#include "image/registry_client.h"
#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

struct LayerToPull {
  Descriptor blob;
  Digest diff_id;
};

struct PullContext {
  const ImageStore& store;
  RegistryClient& client;
  BlobPeers* peers = nullptr;
  LayerLimits limits;
  ImageBudget& budget;
  std::function<void(const PullProgress&)> progress;  // From one thread at a time; never empty.
};

// True if the layer is in the store, blob included, and has that diff-id.
bool has_layer(const ImageStore& store, const LayerToPull& layer);

// kInvalid with codes SIZE_MISMATCH, DIGEST_MISMATCH, LAYER_…; kUnavailable; kSystem with code
// NO_SPACE.
Result<void> pull_layer(const PullContext& context, const LayerToPull& layer);

}  // namespace ikada
