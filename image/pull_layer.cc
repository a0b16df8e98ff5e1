#include "image/pull_layer.h"

#include <errno.h>
#include <unistd.h>

#include <string>

#include "image/placed_layer.h"
#include "image/store_garbage.h"
#include "image/store_space.h"
#include "image/unpack.h"
#include "runtime/base/rollback.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kPassedPieceBytes = size_t{128} << 10;
constexpr std::uint64_t kReceivedStep = std::uint64_t{256} << 10;
constexpr std::uint64_t kAnnounceStep = std::uint64_t{256} << 10;

Error mismatch(std::string_view code, const Digest& wanted, std::string_view what) {
  Error error = make_error(ErrorKind::kInvalid, "layer {}: {}", wanted.text(), what);
  error.code = code;
  return error;
}

// What the bytes of one blob go through here: they are kept, counted and hashed. The unpacking
// process reads them from the file.
class BlobFlow {
 public:
  BlobFlow(const PullContext& context, const LayerToPull& layer, LayerUnpacker& unpacker)
      : context_(context), layer_(layer), unpacker_(unpacker) {}

  // Bytes that are in the file.
  Result<void> pass(std::string_view bytes) {
    hash_.update(bytes);
    received_ += bytes.size();
    const bool whole = received_ == layer_.blob.size_bytes;
    if (received_ >= announced_ + kAnnounceStep || whole) IK_TRY(announce());
    if (received_ >= reported_ + kReceivedStep || whole) report();
    return {};
  }

  Result<void> write_and_pass(int fd, std::string_view bytes) {
    IK_TRY(write_all(fd, bytes));
    return pass(bytes);
  }

  std::uint64_t received() const { return received_; }

  Result<void> verify() {
    if (received_ != layer_.blob.size_bytes) {
      return mismatch(
          "SIZE_MISMATCH",
          layer_.blob.digest,
          fmt::format("size mismatch: {} bytes, not {}", received_, layer_.blob.size_bytes));
    }
    const Digest got = hash_.finish();
    if (got == layer_.blob.digest) return {};
    return mismatch("DIGEST_MISMATCH", layer_.blob.digest, "digest mismatch: got " + got.text());
  }

 private:
  // Bytes that make no sense are most likely not the blob's: its digest gives the clearer answer,
  // so they are received to the end. Every other failure ends the download.
  Result<void> announce() {
    const bool fine = unpacker_.advance(received_ - announced_);
    announced_ = received_;
    if (fine) return {};
    const std::optional<Error> failure = unpacker_.failure();
    const bool senseless =
        failure->code == "LAYER_TAR_INVALID" || failure->code == "LAYER_COMPRESSION_INVALID";
    return senseless ? Result<void>() : *failure;
  }

  void report() {
    reported_ = received_;
    context_.progress({.layer = layer_.blob.digest.text(),
                       .phase = PullProgress::Phase::kDownloading,
                       .done_bytes = received_,
                       .total_bytes = layer_.blob.size_bytes});
  }

  const PullContext& context_;
  const LayerToPull& layer_;
  LayerUnpacker& unpacker_;
  Sha256 hash_;
  std::uint64_t received_ = 0;
  std::uint64_t announced_ = 0;  // To the unpacking process.
  std::uint64_t reported_ = 0;
};

// Passes what the file has, up to the blob's size.
Result<void> pass_file(int fd, std::uint64_t size_bytes, BlobFlow& flow) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(kPassedPieceBytes);
  while (flow.received() <= size_bytes) {
    const ssize_t got = ::read(fd, buffer.get(), kPassedPieceBytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read");
    if (got == 0) return {};
    IK_TRY(flow.pass({buffer.get(), static_cast<size_t>(got)}));
  }
  return {};
}

// Completes the partial download at `path`, which is locked by being open; the bytes it has count.
Result<void> download(const PullContext& context,
                      const LayerToPull& layer,
                      int fd,
                      BlobFlow& flow) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno_error("stat");
  const auto present = static_cast<std::uint64_t>(status.st_size);
  if (present > layer.blob.size_bytes && ::ftruncate(fd, 0) != 0) return errno_error("truncate");
  IK_TRY(pass_file(fd, layer.blob.size_bytes, flow));
  const BlobPeers::Sink keep = [&](std::string_view bytes) {
    if (context.peers != nullptr) context.peers->note_piece(layer.blob);
    return flow.write_and_pass(fd, bytes);
  };
  if (context.peers != nullptr && flow.received() < layer.blob.size_bytes) {
    IK_TRY(context.peers->fetch(layer.blob, flow.received(), keep).map([](std::uint64_t) {}));
  }
  if (flow.received() < layer.blob.size_bytes) {
    IK_TRY(context.client.fetch_blob(layer.blob, flow.received(), keep));
  }
  return {};
}

// A download that nobody else is at. The file that was waited for may have become a finished blob
// meanwhile; then it is not at `path` any more.
Result<UniqueFd> lock_partial(const std::string& path) {
  while (true) {
    IK_LET(fd, lock_file(path));
    struct stat ours {};
    struct stat named {};
    if (::fstat(fd.get(), &ours) != 0) return errno_error("stat {}", path);
    if (::lstat(path.c_str(), &named) == 0 && named.st_ino == ours.st_ino) return fd;
  }
}

// The file that a layer's blob is in, or is on its way to.
struct BlobFile {
  UniqueFd fd;
  bool is_partial = false;  // Then locked by being open.
};

Result<BlobFile> open_blob(const ImageStore& store,
                           const Digest& digest,
                           const std::string& partial) {
  while (true) {
    Result<UniqueFd> present = open_file(store.blob_path(digest), O_RDONLY);
    if (present.has_value()) return BlobFile{.fd = std::move(*present)};
    if (present.error().kind != ErrorKind::kNotFound) return std::move(present.error());
    IK_LET(fd, lock_partial(partial));
    if (!store.has_blob(digest)) return BlobFile{.fd = std::move(fd), .is_partial = true};
    IK_TRY(remove_tree(partial));
  }
}

// Brings the blob's bytes into the file, past the unpacker.
Result<void> obtain_blob(const PullContext& context,
                         const LayerToPull& layer,
                         const BlobFile& file,
                         LayerUnpacker& unpacker) {
  BlobFlow flow(context, layer, unpacker);
  IK_TRY(file.is_partial ? download(context, layer, file.fd.get(), flow)
                         : pass_file(file.fd.get(), layer.blob.size_bytes, flow));
  IK_TRY(flow.verify());
  // Those who wait for it need not wait for our disk.
  if (context.peers != nullptr) context.peers->note(layer.blob, BlobPeers::Outcome::kGood);
  return {};
}

// Wrong bytes are of no use to the next pull, and on a full disk they are in the way.
bool is_useless_after(const Error& error) {
  return error.kind == ErrorKind::kInvalid || error.errno_value == ENOSPC;
}

Result<void> move_into_place(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return errno_error("rename {} to {}", from, to);
  return {};
}

// All that was written so far to the file system of `fd` is on the disk afterwards. One call for
// the thousands of files of a layer.
Result<void> sync_filesystem(int fd) {
  if (::syncfs(fd) != 0) return errno_error("syncfs");
  return {};
}

Result<UnpackedLayer> finish_unpacking(LayerUnpacker& unpacker, const LayerToPull& layer) {
  IK_LET(unpacked, unpacker.finish({}));
  if (unpacked.diff_id == layer.diff_id) return unpacked;
  return mismatch("DIGEST_MISMATCH", layer.diff_id, "digest mismatch of the unpacked layer");
}

Result<void> unpack_into(const PullContext& context,
                         const LayerToPull& layer,
                         const std::string& staging) {
  const std::string tree = staging + "/tree";
  IK_TRY(remove_abandoned(tree));
  IK_TRY(make_directories(tree, 0755));
  IK_LET(directory, open_file(tree, O_RDONLY | O_DIRECTORY));
  if (::fchmod(directory.get(), 0755) != 0) return errno_error("chmod {}", tree);
  const std::string finished = context.store.blob_path(layer.blob.digest);
  const std::string partial =
      context.store.root() + "/images/partial/" + std::string(layer.blob.digest.hex());
  IK_LET(file, open_blob(context.store, layer.blob.digest, partial));
  IK_LET(unpacker,
         LayerUnpacker::start(directory.get(),
                              file.fd.get(),
                              {.blob_bytes = layer.blob.size_bytes,
                               .limits = context.limits,
                               .budget = &context.budget}));
  Result<void> blob = obtain_blob(context, layer, file, unpacker);
  if (!blob.has_value()) {
    if (is_useless_after(blob.error())) {
      static_cast<void>(remove_tree(file.is_partial ? partial : finished).has_value());
    }
    return unpacker.finish(std::move(blob)).error();
  }
  context.progress({.layer = layer.blob.digest.text(),
                    .phase = PullProgress::Phase::kExtracting,
                    .done_bytes = layer.blob.size_bytes,
                    .total_bytes = layer.blob.size_bytes});
  const Result<UnpackedLayer> unpacked = finish_unpacking(unpacker, layer);
  if (!unpacked.has_value()) {
    // The next pull of these very bytes would fail as well.
    const bool useless = file.is_partial && is_useless_after(unpacked.error());
    if (useless) static_cast<void>(remove_tree(partial).has_value());
    return unpacked.error();
  }
  IK_TRY(note_placed_layer(
      directory.get(), {.diff_id = unpacked->diff_id, .content_bytes = unpacked->content_bytes}));
  IK_TRY(sync_filesystem(directory.get()));
  if (file.is_partial) IK_TRY(move_into_place(partial, finished));
  // The tree is there already if only the blob was missing.
  if (context.store.has_tree(layer.blob.digest)) return {};
  return move_into_place(tree, context.store.layer_path(layer.blob.digest));
}

bool is_spoilt(const Error& error) {
  return error.code == "DIGEST_MISMATCH" || error.code == "SIZE_MISMATCH";
}

// What others gave and was wrong comes from the registry, all of it; what that gave, once more when
// it has looked.
Result<void> judge_peers(const PullContext& context,
                         const LayerToPull& layer,
                         const std::string& staging,
                         Result<void> result) {
  using Outcome = BlobPeers::Outcome;
  if (result.has_value()) return result;
  const bool is_wrong = result.error().kind == ErrorKind::kInvalid;
  context.peers->note(layer.blob, is_wrong ? Outcome::kWrong : Outcome::kFailed);
  if (!is_wrong) return result;
  PullContext without = context;
  without.peers = nullptr;
  Result<void> again = unpack_into(without, layer, staging);
  if (!again.has_value() && is_spoilt(again.error()) && context.peers->mend(layer.blob.digest)) {
    again = unpack_into(without, layer, staging);
  }
  if (again.has_value()) context.peers->note(layer.blob, Outcome::kGood);
  return again;
}

}  // namespace

bool has_layer(const ImageStore& store, const LayerToPull& layer) {
  const Result<PlacedLayer> placed = find_placed_layer(store, layer.blob.digest);
  return placed.has_value() && placed->diff_id == layer.diff_id &&
         store.has_blob(layer.blob.digest);
}

Result<void> pull_layer(const PullContext& context, const LayerToPull& layer) {
  const std::string staging =
      context.store.root() + "/layers/staging/" + std::string(layer.blob.digest.hex());
  IK_LET(lock, lock_directory(staging, true));
  Rollback cleanup;
  cleanup.add([&] { return remove_tree(staging); });
  // Somebody else may have finished it while we waited.
  if (has_layer(context.store, layer)) return {};
  Result<void> result = unpack_into(context, layer, staging);
  if (context.peers != nullptr) result = judge_peers(context, layer, staging, std::move(result));
  if (!result.has_value()) return with_space_code(std::move(result.error()));
  return {};
}

}  // namespace ikada
