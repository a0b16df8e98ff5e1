// An image of one layer from a tar stream: what `ikada export`, debootstrap or any tar made.
//
// Source: docker-import(1).
#pragma once

#include <string>

#include "image/config.h"
#include "image/layer_writer.h"
#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

struct ImportOptions {
  std::string name = {};  // Canonical; empty for an image without a name.
  std::string message = {};
  ImageConfig config = {};  // Platform and settings; the rest is filled in.
  LayerLimits limits = {};
};

// Reads `input` to its end; it may be packed with gzip, zstd, xz or bzip2, and is unpacked by a
// confined process then. The layer is the tar as it is. kInvalid with a code of unpacking if that
// is no tar for a layer.
Result<StoredImage> import_tar(ImageStore& store, int input, const ImportOptions& options);

}  // namespace ikada
