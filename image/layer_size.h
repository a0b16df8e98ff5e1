// The size that a layer had when it was unpacked, which its directory carries.
#pragma once

#include <cstdint>

#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

// On the directory that is to be the layer's.
Result<void> note_layer_bytes(int directory_fd, std::uint64_t content_bytes);

Result<std::uint64_t> layer_content_bytes(const ImageStore& store, const Digest& diff_id);

}  // namespace ikada
