// What is known of a layer that is at its place: its directory carries it.
//
// The place is named by the blob, whose digest we have computed ourselves, not by the diff-id,
// which is what the process that unpacked it says.
#pragma once

#include <cstdint>

#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

struct PlacedLayer {
  Digest diff_id;
  std::uint64_t content_bytes = 0;
};

// On a directory that is about to be a layer's.
Result<void> note_placed_layer(int directory_fd, const PlacedLayer& layer);

// kNotFound if the blob's tree is not there.
Result<PlacedLayer> find_placed_layer(const ImageStore& store, const Digest& blob);

// The size of all its files.
Result<std::uint64_t> layer_content_bytes(const ImageStore& store, const Digest& blob);

}  // namespace ikada
