#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "image/layer_size.h"
#include "image/layer_writer.h"
#include "image/store_garbage.h"
#include "image/unpack.h"
#include "runtime/base/random_id.h"
#include "runtime/base/rollback.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// The directory at `tree` to the layer's place, with its size on it.
Result<void> move_tree_into_place(const std::string& tree,
                                  const std::string& place,
                                  std::uint64_t size,
                                  const LayerOptions& options) {
  IK_LET(fd, open_file(tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (::fchown(fd.get(), 0, 0) != 0) return errno_error("chown {}", tree);
  if (::fchmod(fd.get(), 0755) != 0) return errno_error("chmod {}", tree);
  IK_TRY(note_layer_bytes(fd.get(), size));
  if (!options.is_synced && ::syncfs(fd.get()) != 0) return errno_error("syncfs");
  if (::rename(tree.c_str(), place.c_str()) == 0) return {};
  // Somebody else was quicker with the same layer.
  if (errno == ENOTEMPTY || errno == EEXIST) return remove_tree(tree);
  return errno_error("rename {} to {}", tree, place);
}

Result<void> take_present_layer(const ImageStore& store,
                                const WrittenLayer& layer,
                                const LayerOptions& options) {
  if (options.budget == nullptr) return {};
  IK_LET(bytes, layer_content_bytes(store, layer.diff_id));
  return options.budget->take(bytes);
}

}  // namespace

Result<void> place_layer_tree(const ImageStore& store,
                              const WrittenLayer& layer,
                              const std::string& path,
                              const LayerOptions& options) {
  const std::string place = store.layer_path(layer.diff_id);
  if (store.has_tree(layer.diff_id)) return remove_tree(path);
  IK_LET(fd, open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  IK_LET(size, settle_tree(fd.get(), options.tar));
  return move_tree_into_place(path, place, size, options);
}

Result<void> place_layer_copy(const ImageStore& store,
                              const WrittenLayer& layer,
                              const LayerOptions& options) {
  const std::string place = store.layer_path(layer.diff_id);
  const std::string staging = store.root() + "/layers/staging/" + std::string(layer.diff_id.hex());
  IK_LET(lock, lock_directory(staging, true));
  Rollback cleanup;
  cleanup.add([&] { return remove_tree(staging); });
  if (store.has_tree(layer.diff_id)) return take_present_layer(store, layer, options);
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
  return move_tree_into_place(tree, place, unpacked.content_bytes, options);
}

}  // namespace ikada
