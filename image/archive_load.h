// Images out of an archive that docker, podman, skopeo or ikada wrote: docker-archive or
// oci-archive, with one image or several, packed or not.
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

#include "image/layer_tree.h"
#include "image/store.h"
#include "image/tar_reader.h"
#include "runtime/base/result.h"

namespace ikada {

struct LoadedImage {
  StoredImage image;
  std::vector<std::string> names;  // Canonical; may be empty.
};

struct LoadOptions {
  std::string platform = {};  // Of an image for several; empty: this host's.
  LayerLimits limits = {};
};

// kInvalid if that is no archive of images, or with the codes of a pull.
Result<std::vector<LoadedImage>> load_images(ImageStore& store,
                                             const TarReader::Input& input,
                                             const LoadOptions& options);

}  // namespace ikada
