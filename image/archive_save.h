// Images as one tar file for another host: `docker save`'s format of today, which is an OCI image
// layout with docker's manifest.json beside it, or the OCI layout alone.
//
// Blobs are copied as they are: digests, ids and compression stay. The same images give the same
// bytes.
//
// Source: docker-save(1); OCI image-spec 1.1, image-layout.md.
#pragma once

#include <string>
#include <vector>

#include "image/store.h"
#include "image/tar_writer.h"
#include "runtime/base/result.h"

namespace ikada {

enum class ArchiveFormat { kDocker, kOci };

struct ImageToSave {
  StoredImage image;
  std::vector<std::string> names = {};  // Canonical; empty if it was asked for by id.
};

Result<void> save_images(const ImageStore& store,
                         const std::vector<ImageToSave>& images,
                         ArchiveFormat format,
                         TarWriter::Output output);

}  // namespace ikada
