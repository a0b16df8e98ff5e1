#include "image/layer_writer.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <thread>
#include <utility>

#include "image/byte_pipe.h"
#include "image/store_space.h"
#include "runtime/base/random_id.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// Compresses all of `tar` into the file `fd`. The blob is without a media type.
Result<Descriptor> pack(BytePipe& tar, int fd, const LayerOptions& options) {
  Sha256 hash;
  Descriptor blob;
  IK_LET(compressor,
         Compressor::create(options.compression, options.level, [&](std::string_view bytes) {
           hash.update(bytes);
           blob.size_bytes += bytes.size();
           return write_all(fd, bytes);
         }));
  while (true) {
    IK_LET(chunk, tar.read());
    if (chunk.empty()) break;
    IK_TRY(compressor.write({chunk.data(), chunk.size()}));
  }
  IK_TRY(compressor.finish());
  blob.digest = hash.finish();
  return blob;
}

}  // namespace

std::string_view layer_media_type(Compression compression) {
  switch (compression) {
    case Compression::kGzip:
      return "application/vnd.oci.image.layer.v1.tar+gzip";
    case Compression::kZstd:
      return "application/vnd.oci.image.layer.v1.tar+zstd";
    case Compression::kNone:
      break;
  }
  return "application/vnd.oci.image.layer.v1.tar";
}

struct LayerBlobWriter::State {
  State(const ImageStore& its_store, const LayerOptions& its_options)
      : store(its_store),
        options(its_options),
        path(store.root() + "/images/partial/new-" + random_hex(16)),
        tar(kTarChunkBytes, kTarChunks) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  ~State() {
    tar.close(make_error(ErrorKind::kInternal, "writing was given up"));
    if (packer.joinable()) packer.join();
    if (!path.empty()) ::unlink(path.c_str());
  }

  void pack_all() {
    packed = pack(tar, file.get(), options);
    if (!packed.has_value()) tar.cancel();
  }

  const ImageStore& store;
  const LayerOptions options;
  std::string path;  // Until it is at its place.
  UniqueFd file;     // Locked.
  BytePipe tar;
  Sha256 diff_id;
  Result<Descriptor> packed = Descriptor{};
  std::thread packer;
};

Result<LayerBlobWriter> LayerBlobWriter::start(const ImageStore& store,
                                               const LayerOptions& options) {
  auto state = std::make_unique<State>(store, options);
  IK_LET(file, lock_file(state->path));
  state->file = std::move(file);
  state->packer = std::thread([raw = state.get()] { raw->pack_all(); });
  return LayerBlobWriter(std::move(state));
}

LayerBlobWriter::LayerBlobWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
LayerBlobWriter::LayerBlobWriter(LayerBlobWriter&&) noexcept = default;
LayerBlobWriter& LayerBlobWriter::operator=(LayerBlobWriter&&) noexcept = default;
LayerBlobWriter::~LayerBlobWriter() = default;

Result<void> LayerBlobWriter::write(std::string_view tar_bytes) {
  state_->diff_id.update(tar_bytes);
  if (state_->tar.write(tar_bytes)) return {};
  state_->packer.join();
  return with_space_code(state_->packed.error());
}

Result<WrittenLayer> LayerBlobWriter::finish() {
  state_->tar.close({});
  if (state_->packer.joinable()) state_->packer.join();
  if (!state_->packed.has_value()) return with_space_code(state_->packed.error());
  const Descriptor& packed = *state_->packed;
  if (!state_->options.is_synced && ::fdatasync(state_->file.get()) != 0) {
    return with_space_code(errno_error("sync {}", state_->path));
  }
  const std::string place = state_->store.blob_path(packed.digest);
  if (::rename(state_->path.c_str(), place.c_str()) != 0) {
    return errno_error("rename {} to {}", state_->path, place);
  }
  state_->path.clear();
  return WrittenLayer{
      .blob = {.media_type = std::string(layer_media_type(state_->options.compression)),
               .digest = packed.digest,
               .size_bytes = packed.size_bytes},
      .diff_id = state_->diff_id.finish()};
}

Result<WrittenLayer> write_tree_layer(const ImageStore& store,
                                      int tree_fd,
                                      const LayerOptions& options) {
  IK_LET(blob, LayerBlobWriter::start(store, options));
  TarWriter tar([&blob](std::string_view bytes) { return blob.write(bytes); });
  IK_LET(content_bytes, write_tree_tar(tree_fd, options.tar, tar));
  static_cast<void>(content_bytes);
  IK_TRY(tar.finish());
  return blob.finish();
}

Result<WrittenLayer> write_tar_layer(const ImageStore& store,
                                     int tar_fd,
                                     const LayerOptions& options) {
  IK_LET(blob, LayerBlobWriter::start(store, options));
  const auto space = std::make_unique_for_overwrite<char[]>(kTarChunkBytes);
  std::uint64_t total = 0;
  while (true) {
    const ssize_t got = ::read(tar_fd, space.get(), kTarChunkBytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read");
    if (got == 0) break;
    const std::string_view bytes(space.get(), static_cast<size_t>(got));
    total += bytes.size();
    if (total > options.limits.max_bytes) {
      return make_error(ErrorKind::kInvalid, "the archive is larger than a layer may be");
    }
    IK_TRY(blob.write(bytes));
  }
  if (total == 0) return make_error(ErrorKind::kInvalid, "the archive is empty");
  return blob.finish();
}

Result<void> sync_store(const ImageStore& store) {
  for (const char* directory : {"/images", "/layers"}) {
    IK_LET(fd, open_file(store.root() + directory, O_RDONLY | O_DIRECTORY));
    if (::syncfs(fd.get()) != 0) return errno_error("syncfs");
  }
  return {};
}

}  // namespace ikada
