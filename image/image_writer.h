// A new image of the store: configuration and manifest to layers that are there.
//
// Source: OCI image-spec 1.1, config.md, manifest.md.
#pragma once

#include <string>
#include <vector>

#include "image/config.h"
#include "image/layer_writer.h"
#include "image/manifest.h"
#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

struct ImageToWrite {
  ImageConfig config;                   // Its diff_ids are those of `layers`.
  std::vector<Descriptor> layers = {};  // Blobs of the store, lowest first.
  std::vector<std::string> names = {};  // Canonical; it may have none.
};

// A layer on top, with its step of the history.
void add_layer(ImageToWrite& image, const WrittenLayer& layer, ImageHistory step);

// Base of a new image: everything but the name.
Result<ImageToWrite> edit_image(const ImageStore& store, const StoredImage& base);

// Writes configuration and manifest and lists the image. The caller holds begin_pull() since before
// it wrote the first layer, and has placed all of them.
Result<StoredImage> write_image(ImageStore& store, const ImageToWrite& image);

// Writes configuration and manifest of an image that is not to be listed. It stays as long as the
// caller holds begin_pull().
Result<StoredImage> write_unlisted_image(const ImageStore& store, const ImageToWrite& image);

// An image whose texts exist already and must stay as they are.
struct ImageTexts {
  std::string config;
  std::string manifest;
  std::string manifest_type;
};

// Writes the texts and lists the image under `names`, or without one. The caller has placed the
// layers, as for write_image().
Result<StoredImage> list_image(ImageStore& store,
                               const ImageTexts& texts,
                               const std::vector<std::string>& names);

// The manifest's text. Docker's media types if all layers have Docker's, else OCI's.
std::string format_manifest(const Descriptor& config, const std::vector<Descriptor>& layers);

}  // namespace ikada
