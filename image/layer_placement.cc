#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "image/layer_writer.h"
#include "image/placed_layer.h"
#include "image/store_garbage.h"
#include "image/unpack.h"
#include "runtime/base/random_id.h"
#include "runtime/base/rollback.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// The directory at `tree` to the layer's place, with what is known of it.
Result<void> move_tree_into_place(const ImageStore& store,
                                  const WrittenLayer& layer,
                                  const std::string& tree,
                                  std::uint64_t content_bytes,
                                  const LayerOptions& options) {
  IK_LET(fd, open_file(tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (::fchown(fd.get(), 0, 0) != 0) return errno_error("chown {}", tree);
  if (::fchmod(fd.get(), 0755) != 0) return errno_error("chmod {}", tree);
  IK_TRY(note_placed_layer(fd.get(), {.diff_id = layer.diff_id, .content_bytes = content_bytes}));
  if (!options.is_synced && ::syncfs(fd.get()) != 0) return errno_error("syncfs");
  const std::string place = store.layer_path(layer.blob.digest);
  if (::rename(tree.c_str(), place.c_str()) == 0) return {};
  // Somebody else was quicker with the same layer.
  if (errno == ENOTEMPTY || errno == EEXIST) return remove_tree(tree);
  return errno_error("rename {} to {}", tree, place);
}

Result<void> take_present_layer(const PlacedLayer& placed, const LayerOptions& options) {
  if (options.budget == nullptr) return {};
  return options.budget->take(placed.content_bytes);
}

}  // namespace

Result<void> place_layer_tree(const ImageStore& store,
                              const WrittenLayer& layer,
                              const std::string& path,
                              const LayerOptions& options) {
  if (store.has_tree(layer.blob.digest)) return remove_tree(path);
  IK_LET(fd, open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  IK_LET(size, settle_tree(fd.get(), options.tar));
  return move_tree_into_place(store, layer, path, size, options);
}

Result<void> place_layer_copy(const ImageStore& store,
                              const WrittenLayer& layer,
                              const LayerOptions& options) {
  const std::string staging =
      store.root() + "/layers/staging/" + std::string(layer.blob.digest.hex());
  IK_LET(lock, lock_directory(staging, true));
  Rollback cleanup;
  cleanup.add([&] { return remove_tree(staging); });
  const Result<PlacedLayer> placed = find_placed_layer(store, layer.blob.digest);
  if (placed.has_value() && placed->diff_id == layer.diff_id) {
    return take_present_layer(*placed, options);
  }
  const std::string tree = staging + "/tree";
  IK_TRY(remove_abandoned(tree));
  IK_TRY(make_directories(tree, 0755));
  IK_LET(root, open_file(tree, O_RDONLY | O_DIRECTORY));
  if (::fchmod(root.get(), 0755) != 0) return errno_error("chmod {}", tree);
  IK_LET(blob, open_file(store.blob_path(layer.blob.digest), O_RDONLY));
  IK_LET(unpacked,
         unpack_blob(root.get(), blob.get(), {.limits = options.limits, .budget = options.budget}));
  if (unpacked.diff_id != layer.diff_id) {
    Error error = make_error(ErrorKind::kInvalid,
                             "layer {}: digest mismatch of the unpacked layer",
                             layer.diff_id.text());
    error.code = "DIGEST_MISMATCH";
    return error;
  }
  return move_tree_into_place(store, layer, tree, unpacked.content_bytes, options);
}

}  // namespace ikada
