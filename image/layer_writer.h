// New layers of the store: the blob from a directory or a tar stream, and the unpacked tree beside
// it.
//
//   IK_LET(writing, store.begin_pull());           // Held until the image is listed.
//   IK_LET(layer, write_tree_layer(store, upper_fd, options));     // blobs/sha256/…
//   IK_TRY(place_layer_tree(store, layer, upper_path, options));   // layers/sha256/…
//   … write_image() …                              // image/image_writer.h
//
// Writing a blob and placing a tree are two calls, so that a build can go on in the tree while its
// blob is compressed. Different layers may be written by different threads at once. Memory is
// bounded. A power cut never leaves half a blob or tree at its place, because each is synced before
// it is moved there; who writes several at once may do that once for all, see is_synced.
//
// Source: OCI image-spec 1.1, layer.md; image/store.h describes the files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "image/compressor.h"
#include "image/digest.h"
#include "image/image_budget.h"
#include "image/layer_tree.h"
#include "image/store.h"
#include "image/tree_tar.h"
#include "runtime/base/result.h"

namespace ikada {

struct LayerOptions {
  Compression compression = Compression::kGzip;
  int level = kDefaultLevel;
  TreeTarOptions tar = {};
  LayerLimits limits = {};        // For place_layer_copy().
  ImageBudget* budget = nullptr;  // Likewise: of the image that the layer is for.
  // write: the caller calls sync_store() before anything can name the blob; place: the caller has
  // called it since the tree was written.
  bool is_synced = false;
};

struct WrittenLayer {
  Descriptor blob;  // OCI's media type for its compression.
  Digest diff_id;
};

// One blob that is being made from a tar's bytes. A thread of its own compresses.
class LayerBlobWriter {
 public:
  static Result<LayerBlobWriter> start(const ImageStore& store, const LayerOptions& options);
  LayerBlobWriter(LayerBlobWriter&&) noexcept;
  LayerBlobWriter& operator=(LayerBlobWriter&&) noexcept;
  // Without finish() nothing stays.
  ~LayerBlobWriter();

  Result<void> write(std::string_view tar_bytes);

  // Waits for the rest and puts the blob at its place. kSystem with code NO_SPACE.
  Result<WrittenLayer> finish();

 private:
  struct State;
  explicit LayerBlobWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The blob of a directory, e.g. an overlay's upper one, that stays as it is. Errors as
// write_tree_tar().
Result<WrittenLayer> write_tree_layer(const ImageStore& store,
                                      int tree_fd,
                                      const LayerOptions& options);

// The blob of a plain tar stream as it is, which is read to its end. Whether a layer can be made of
// it shows only when it is placed. What may be packed goes through image/plain_archive.h first.
Result<WrittenLayer> write_tar_layer(const ImageStore& store,
                                     int tar_fd,
                                     const LayerOptions& options);

// Gives the directory at `path` to the store: it is made to be what the blob says (settle_tree) and
// renamed to the layer's place; if that layer is there already, it is removed. It must lie in the
// store's file system, and nobody may change it any more.
Result<void> place_layer_tree(const ImageStore& store,
                              const WrittenLayer& layer,
                              const std::string& path,
                              const LayerOptions& options);

// Unpacks the layer's blob to its place, unless it is there. kInvalid with code DIGEST_MISMATCH if
// the blob has another diff-id.
Result<void> place_layer_copy(const ImageStore& store,
                              const WrittenLayer& layer,
                              const LayerOptions& options);

// All that was written to the store is on the disk afterwards. One call for thousands of files.
Result<void> sync_store(const ImageStore& store);

// "application/vnd.oci.image.layer.v1.tar+gzip" and the like.
std::string_view layer_media_type(Compression compression);

}  // namespace ikada
