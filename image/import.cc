#include "image/import.h"

#include "image/image_writer.h"
#include "image/plain_archive.h"
#include "runtime/base/clock.h"

namespace ikada {

Result<StoredImage> import_tar(ImageStore& store, int input, const ImportOptions& options) {
  IK_LET(writing, store.begin_pull());
  const LayerOptions layer_options{.limits = options.limits};
  IK_LET(plain, open_plain(store.root() + "/images/partial", input, options.limits.max_bytes));
  IK_LET(layer, write_tar_layer(store, plain.get(), layer_options));
  IK_TRY(place_layer_copy(store, layer, layer_options));
  ImageToWrite image{.config = options.config};
  if (!options.name.empty()) image.names = {options.name};
  image.config.created = format_rfc3339(unix_now());
  add_layer(image, layer, {.created = image.config.created, .comment = options.message});
  return write_image(store, image);
}

}  // namespace ikada
