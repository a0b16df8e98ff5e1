#include "image/unpack_stream.h"

#include <algorithm>
#include <new>
#include <optional>
#include <thread>

#include "image/byte_pipe.h"
#include "image/tar_reader.h"

namespace ikada {
namespace {

constexpr std::uint64_t kTellStep = std::uint64_t{16} << 20;

Error budget_error(std::string_view what) {
  Error error = make_error(ErrorKind::kInvalid, "layer: {}", what);
  error.code = "LAYER_BUDGET_EXCEEDED";
  return error;
}

// Decompresses all of `blob` into `tar` and hashes what comes out.
Result<Digest> decompress_stream(const BlobInput& blob,
                                 BytePipe& tar,
                                 const StreamOptions& options) {
  Decompressor decompressor(options.accepts);
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
      if (total > options.limits.max_bytes) return budget_error("unpacks to more than is allowed");
      tar.end_write(size);
      more = size == space.size() || !input.empty();
    }
  }
  IK_TRY(decompressor.finish());
  return hash.finish();
}

// Tells the listener every now and then.
class ContentCount {
 public:
  ContentCount(const ContentListener& listener, std::uint64_t max_bytes)
      : listener_(listener), max_bytes_(max_bytes) {}

  // Of an entry that is about to be added to so many bytes.
  Result<void> expect(std::uint64_t content_bytes, const TarEntry& entry) {
    if (!listener_ || entry.is_hard_link || !S_ISREG(entry.mode)) return {};
    // The tree refuses what is larger, with the better reason.
    if (entry.size_bytes > max_bytes_ - std::min(content_bytes, max_bytes_)) return {};
    const std::uint64_t next = content_bytes + entry.size_bytes;
    if (next < told_ + kTellStep) return {};
    told_ = next;
    return listener_(next);
  }

 private:
  const ContentListener& listener_;
  const std::uint64_t max_bytes_;
  std::uint64_t told_ = 0;
};

Result<std::uint64_t> extract(BytePipe& tar, LayerTree& tree, ContentCount count) {
  IK_LET(reader, TarReader::create([&tar] { return tar.read(); }));
  while (true) {
    IK_LET(entry, reader.next());
    if (entry == nullptr) break;
    IK_TRY(count.expect(tree.content_bytes(), *entry));
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

Result<UnpackedLayer> unpack_stream(LayerTree tree,
                                    const BlobInput& blob,
                                    const StreamOptions& options) {
  BytePipe tar(kTarChunkBytes, kTarChunks);
  Digest diff_id;
  std::thread decompressor([&] {
    Result<Digest> result = within_memory([&] { return decompress_stream(blob, tar, options); });
    // The reader gets the error in place of the bytes, and it is the one to report it, unless it
    // has failed by itself already.
    if (result.has_value()) {
      diff_id = std::move(*result);
      tar.close({});
    } else {
      tar.close(std::move(result.error()));
    }
  });
  Result<std::uint64_t> content_bytes = within_memory(
      [&] { return extract(tar, tree, ContentCount(options.listener, options.limits.max_bytes)); });
  if (!content_bytes.has_value()) tar.cancel();
  decompressor.join();
  if (!content_bytes.has_value()) return std::move(content_bytes.error());
  return UnpackedLayer{std::move(diff_id), *content_bytes};
}

}  // namespace ikada
