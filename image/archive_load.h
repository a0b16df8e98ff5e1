// Images out of an archive that docker, podman, skopeo or ikada wrote: docker-archive or
// oci-archive, with one image or several, packed or not.
//
// The archive is read, and its layers are unpacked, by processes that have nothing else.
//
// What the archive says is believed only as far as digests agree: of an OCI layout every blob, of
// docker's older form the configuration's diff-ids. Layers are unpacked as those of a pull. Nothing
// is listed before all of an image is there.
//
// Source: docker-load(1); Docker Image Specification v1.2, "Combined Image JSON + Filesystem
// Changeset Format"; OCI image-spec 1.1, image-layout.md.
#pragma once

#include <string>
#include <vector>

#include "image/image_budget.h"
#include "image/layer_tree.h"
#include "image/store.h"
#include "image/store_policy.h"
#include "runtime/base/result.h"

namespace ikada {

struct LoadedImage {
  StoredImage image;
  std::vector<std::string> names;  // Canonical; may be empty.
};

struct LoadOptions {
  std::string platform = {};  // Of an image for several; empty: this host's.
  LayerLimits limits = {};
  std::uint64_t max_image_bytes = kMaxImageBytes;  // Of an image's unpacked layers.
  ImagePolicy policy = {};                         // What may go when there is too little room.
};

// Reads `input` to its end, and from its start again if it is a file and room had to be made
// (image/store_space.h). kInvalid if that is no archive of images, or with the codes of a pull.
Result<std::vector<LoadedImage>> load_images(ImageStore& store,
                                             int input,
                                             const LoadOptions& options);

}  // namespace ikada
