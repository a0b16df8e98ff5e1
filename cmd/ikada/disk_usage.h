// How much of the disk things take.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "cluster/engine/layout.h"
#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

// The sizes of all files below a directory, each file once; what cannot be looked at counts for
// nothing. Nothing is followed.
std::uint64_t tree_bytes(const std::string& path);

// The unpacked layers of the store by their blobs.
Result<std::map<std::string, std::uint64_t>> list_layer_bytes(const ImageStore& store);

// The volumes by name.
Result<std::map<std::string, std::uint64_t>> list_volume_bytes(const EngineLayout& layout);

}  // namespace ikada
