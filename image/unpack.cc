#include "image/unpack.h"

#include <sched.h>
#include <sys/stat.h>

#include <mutex>
#include <thread>

#include "image/byte_pipe.h"
#include "image/decompressor.h"
#include "image/tar_reader.h"

namespace ikada {
namespace {

constexpr size_t kBlobChunkBytes = size_t{128} << 10;
constexpr size_t kBlobChunks = 8;
constexpr size_t kTarChunkBytes = size_t{256} << 10;
constexpr size_t kTarChunks = 6;

Error budget_error() {
  Error error = make_error(ErrorKind::kInvalid, "layer: unpacks to more than is allowed");
  error.code = "LAYER_BUDGET_EXCEEDED";
  return error;
}

// Decompresses all of `blob` into `tar` and hashes what comes out.
Result<Digest> decompress_stream(BytePipe& blob, BytePipe& tar, std::uint64_t max_bytes) {
  Decompressor decompressor;
  Sha256 hash;
  std::uint64_t total = 0;
  while (true) {
    IK_LET(chunk, blob.read());
    if (chunk.empty()) break;
    std::string_view input(chunk.data(), chunk.size());
    bool more = true;
    while (more) {
      const std::span<char> space = tar.begin_write();
      if (space.empty()) return make_error(ErrorKind::kInternal, "unpacking was given up");
      IK_LET(size, decompressor.decompress(input, space));
      hash.update(space.data(), size);
      total += size;
      if (total > max_bytes) return budget_error();
      tar.end_write(size);
      more = size == space.size() || !input.empty();
    }
  }
  IK_TRY(decompressor.finish());
  return hash.finish();
}

Result<std::uint64_t> extract(BytePipe& tar, LayerTree tree) {
  // umask(2) is per process unless a thread has its own.
  if (::unshare(CLONE_FS) != 0) return errno_error("unshare");
  ::umask(0);
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

}  // namespace

struct LayerUnpacker::State {
  State(UniqueFd directory, LayerLimits given)
      : limits(given),
        blob(kBlobChunkBytes, kBlobChunks),
        tar(kTarChunkBytes, kTarChunks),
        tree(std::move(directory), given) {}

  void fail(const Error& error) {
    const std::lock_guard lock(mutex);
    if (!failure.has_value()) failure = error;
  }

  void run_decompressor() {
    Result<Digest> result = decompress_stream(blob, tar, limits.max_bytes);
    if (result.has_value()) {
      diff_id = *result;
      tar.close({});
      return;
    }
    // The extractor gets the error in place of the bytes, and it is the one to report it, unless it
    // has failed by itself already.
    tar.close(result.error());
    blob.cancel();
  }

  void run_extractor() {
    Result<std::uint64_t> result = extract(tar, std::move(tree));
    if (result.has_value()) {
      content_bytes = *result;
      return;
    }
    fail(result.error());
    tar.cancel();
    blob.cancel();
  }

  const LayerLimits limits;
  BytePipe blob;
  BytePipe tar;
  LayerTree tree;
  Digest diff_id;
  std::uint64_t content_bytes = 0;
  mutable std::mutex mutex;
  std::optional<Error> failure;
  std::thread decompressor;
  std::thread extractor;
};

LayerUnpacker::LayerUnpacker(UniqueFd directory, LayerLimits limits)
    : state_(std::make_unique<State>(std::move(directory), limits)) {
  State* state = state_.get();
  state->decompressor = std::thread([state] { state->run_decompressor(); });
  state->extractor = std::thread([state] { state->run_extractor(); });
}

LayerUnpacker::~LayerUnpacker() {
  if (!state_->decompressor.joinable()) return;
  static_cast<void>(finish(make_error(ErrorKind::kInternal, "unpacking was given up")).has_value());
}

bool LayerUnpacker::write(std::string_view bytes) { return state_->blob.write(bytes); }

std::optional<Error> LayerUnpacker::failure() const {
  const std::lock_guard lock(state_->mutex);
  return state_->failure;
}

Result<UnpackedLayer> LayerUnpacker::finish(Result<void> download) {
  state_->blob.close(std::move(download));
  state_->decompressor.join();
  state_->extractor.join();
  if (state_->failure.has_value()) return *state_->failure;
  return UnpackedLayer{state_->diff_id, state_->content_bytes};
}

}  // namespace ikada
