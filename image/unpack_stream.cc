#include "image/unpack_stream.h"

#include <new>
#include <optional>
#include <thread>

#include "image/byte_pipe.h"
#include "image/decompressor.h"
#include "image/tar_reader.h"

namespace ikada {
namespace {

constexpr size_t kTarChunkBytes = size_t{256} << 10;
constexpr size_t kTarChunks = 6;

Error budget_error(std::string_view what) {
  Error error = make_error(ErrorKind::kInvalid, "layer: {}", what);
  error.code = "LAYER_BUDGET_EXCEEDED";
  return error;
}

// Decompresses all of `blob` into `tar` and hashes what comes out.
Result<Digest> decompress_stream(const BlobInput& blob, BytePipe& tar, std::uint64_t max_bytes) {
  Decompressor decompressor;
  Sha256 hash;
  std::uint64_t total = 0;
  while (true) {
    IK_LET(chunk, blob());
    if (chunk.empty()) break;
    std::string_view input(chunk.data(), chunk.size());
    bool more = true;
    while (more) {
      const std::span<char> space = tar.begin_write();
      if (space.empty()) return make_error(ErrorKind::kInternal, "unpacking was given up");
      IK_LET(size, decompressor.decompress(input, space));
      hash.update(space.data(), size);
      total += size;
      if (total > max_bytes) return budget_error("unpacks to more than is allowed");
      tar.end_write(size);
      more = size == space.size() || !input.empty();
    }
  }
  IK_TRY(decompressor.finish());
  return hash.finish();
}

Result<std::uint64_t> extract(BytePipe& tar, LayerTree& tree) {
  IK_LET(reader, TarReader::create([&tar] { return tar.read(); }));
  while (true) {
    IK_LET(entry, reader.next());
    if (entry == nullptr) break;
    IK_TRY(tree.add(*entry, [&reader] { return reader.next_block(); }));
  }
  IK_TRY(tree.finish());
  // The diff-id covers what follows the archive's end too.
  while (true) {
    IK_LET(rest, tar.read());
    if (rest.empty()) return tree.content_bytes();
  }
}

// Memory is limited when a layer is unpacked in a process of its own.
template <typename Function>
auto within_memory(Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return budget_error("takes too much memory to unpack");
  }
}

}  // namespace

Result<UnpackedLayer> unpack_stream(LayerTree tree, const BlobInput& blob, LayerLimits limits) {
  BytePipe tar(kTarChunkBytes, kTarChunks);
  Digest diff_id;
  std::thread decompressor([&] {
    Result<Digest> result =
        within_memory([&] { return decompress_stream(blob, tar, limits.max_bytes); });
    // The reader gets the error in place of the bytes, and it is the one to report it, unless it
    // has failed by itself already.
    if (result.has_value()) {
      diff_id = std::move(*result);
      tar.close({});
    } else {
      tar.close(std::move(result.error()));
    }
  });
  Result<std::uint64_t> content_bytes = within_memory([&] { return extract(tar, tree); });
  if (!content_bytes.has_value()) tar.cancel();
  decompressor.join();
  if (!content_bytes.has_value()) return std::move(content_bytes.error());
  return UnpackedLayer{std::move(diff_id), *content_bytes};
}

}  // namespace ikada
