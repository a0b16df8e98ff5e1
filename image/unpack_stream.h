// A layer from its compressed bytes to files, inside one process:
//
//   a thread: input, decompress, hash -> [pipe] -> the caller: tar, files
//
// This is what reads strangers' bytes. Programs use it through LayerUnpacker (image/unpack.h),
// which runs it in a confined process; directly it is for tests.
//
// Memory is bounded by the pipe. The directory is complete only if a value was returned whose
// diff_id is the wanted one. The process must have umask 0.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "image/decompressor.h"
#include "image/digest.h"
#include "image/layer_tree.h"
#include "runtime/base/result.h"

namespace ikada {

struct UnpackedLayer {
  Digest diff_id;                   // Of the uncompressed tar.
  std::uint64_t content_bytes = 0;  // Sum of the files' sizes.
};

// The next bytes of the blob, valid until the next call; empty at the end. Called from one thread,
// which is not the caller's.
using BlobInput = std::function<Result<std::span<const char>>()>;

// Told how much content there is, before it is written, whenever it is 16 MiB more than last time.
// May be empty.
using ContentListener = std::function<Result<void>(std::uint64_t content_bytes)>;

struct StreamOptions {
  LayerLimits limits = {};
  Decompressor::Accepts accepts = Decompressor::Accepts::kLayers;
  ContentListener listener = {};
};

// Codes as LayerTree::add, TarReader::next and Decompressor::decompress; `blob`'s own errors.
Result<UnpackedLayer> unpack_stream(LayerTree tree,
                                    const BlobInput& blob,
                                    const StreamOptions& options);

}  // namespace ikada
