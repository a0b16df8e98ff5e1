// The images of this host: an OCI image layout that other tools can read, and the unpacked layers
// beside it.
//
//   ROOT/images/oci-layout, index.json, blobs/sha256/…   (index.json names images by
//   org.opencontainers.image.ref.name) ROOT/layers/sha256/DIFFID/                           one
//   complete unpacked layer each, ready as an overlay lower
//
// Every change is one atomic rename under a lock, so readers need none. Several processes may use a
// store at once. An image that is listed is whole: its blobs are verified and its layers unpacked.
//
// Source: OCI image-spec 1.1, image-layout.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/config.h"
#include "image/reference.h"
#include "runtime/base/result.h"

namespace ikada {

struct StoredImage {
  std::string id;               // Digest of the config blob, "sha256:…": docker's image id.
  std::string manifest_digest;  // "sha256:…"
  std::vector<std::string> references;    // Canonical names with tag; may be empty (dangling).
  std::vector<std::string> repo_digests;  // "docker.io/library/nginx@sha256:…"
  std::uint64_t size_bytes = 0;           // Unpacked size of all layers.
};

class ImageStore {
 public:
  // Opens or creates the store below `root` ("/var/lib/ikada"). Directories are 0700.
  static Result<ImageStore> open(const std::string& root);

  // The image a person means: a reference, a full id, or an unambiguous prefix (≥ 1 digits) of an
  // id. kNotFound with docker's words "No such image: NAME"; kInvalid if several ids begin so.
  Result<StoredImage> find(std::string_view name) const;

  // All images, newest first by the time they were created.
  Result<std::vector<StoredImage>> list() const;

  Result<ImageConfig> config(const StoredImage& image) const;
  Result<std::string> config_text(const StoredImage& image) const;

  // Unpacked layer directories, lowest first.
  Result<std::vector<std::string>> layer_directories(const StoredImage& image) const;

  // Names an image anew; a name that meant another image moves.
  Result<void> tag(const StoredImage& image, const Reference& name);

  // Takes one name away; when it was the last, removes the manifest and what nothing else needs.
  struct Removed {
    std::vector<std::string> untagged;  // Familiar names.
    std::vector<std::string> deleted;   // "sha256:…" of images and layers.
  };
  Result<Removed> untag(const Reference& name);

  // Removes an image with all its names. kConflict if it has several names and `force` is false.
  Result<Removed> remove(const StoredImage& image, bool force);

  const std::string& root() const { return root_; }

 private:
  explicit ImageStore(std::string root) : root_(std::move(root)) {}

  std::string root_;
};

}  // namespace ikada
