// The images of this host: an OCI image layout that other tools can read, and the unpacked layers
// beside it.
//
//   ROOT/images/oci-layout, index.json   index.json names each image whole, e.g.
//                                        "docker.io/library/nginx:latest", in the annotation
//                                        org.opencontainers.image.ref.name: skopeo reads it as
//                                        oci:ROOT/images:docker.io/library/nginx:latest
//   ROOT/images/blobs/sha256/HEX         manifests, configs and layers as the registry has them
//   ROOT/images/partial/HEX              downloads that were interrupted; locked while one runs
//   ROOT/images/lock, pulls.lock         see below
//   ROOT/layers/sha256/HEX/              a layer's blob, unpacked: ready as overlay lower; its
//                                        attributes are those of image/placed_layer.h
//   ROOT/layers/staging/                 unfinished layers, locked by the process that writes them
//   ROOT/build/                          see image/build_cache.h
//   ROOT/containers/ID/image             symlink to a manifest: the container needs that image
//
// Every change of index.json is one atomic rename under `lock`, so readers need none. Several
// processes may use a store at once. An image that is listed is whole: its blobs are verified and
// its layers unpacked.
//
// What no listed image, no container and no cached step of a build needs is removed by untag() and
// remove(), under `lock`. A pull or a build holds `pulls.lock` shared from its first look to its
// end, and whoever makes a container until it has its image; nothing is collected meanwhile, the
// next removal does it. A container keeps its image by hold(), in effect as long as its directory
// exists. Unfinished layers of killed processes are
// found by their free locks and removed by open().
//
// Source: OCI image-spec 1.1, image-layout.md, annotations.md.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "image/config.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "runtime/base/clock.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct StoredImage {
  std::string id = {};               // Digest of the config blob, "sha256:…": docker's image id.
  std::string manifest_digest = {};  // "sha256:…"
  std::vector<std::string> references = {};    // Canonical names with tag; may be empty (dangling).
  std::vector<std::string> repo_digests = {};  // "docker.io/library/nginx@sha256:…"
  std::uint64_t size_bytes = 0;                // Unpacked size of all layers.
};

// A line of index.json: each name of an image is one, or the image has one without a name.
struct IndexedImage {
  Descriptor manifest;
  Digest image_id;
  std::string name;           // Canonical reference, or empty.
  std::string source_digest;  // The registry's digest for the name, or empty.
  std::uint64_t size_bytes = 0;
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

  // Each name by itself.
  Result<std::vector<IndexedImage>> names() const;

  Result<ImageConfig> config(const StoredImage& image) const;
  Result<std::string> config_text(const StoredImage& image) const;
  Result<Manifest> manifest(const StoredImage& image) const;

  // Unpacked layer directories, lowest first; those that an opaque root above hides are left out.
  // kNotFound if one is missing, which only a hand other than ours can cause.
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

  // Removes, with all their names, those images that no container holds and `is_wanted` picks, and
  // then all that nothing needs. `is_wanted` is asked under the store's lock.
  using IsWanted = std::function<Result<bool>(const StoredImage&)>;
  Result<Removed> remove_unused(const IsWanted& is_wanted);

  // The same to make room: while a pull or a build goes on, when none would be made, no image goes;
  // none begins meanwhile.
  Result<Removed> remove_unused_for_room(const IsWanted& is_wanted);

  // When it was last listed or held.
  Result<UnixNanos> last_used(const StoredImage& image) const;

  // Keeps the image's blobs and layers as long as ROOT/containers/`container` exists, which the
  // caller has made; whatever happens to the image's names. kNotFound if it is not listed any more
  // and not whole: who has begin_pull() since it found the image need not fear that.
  // Call it before layer_directories().
  Result<void> hold(const StoredImage& image, const std::string& container);

  // The image that a container holds, also if it is not listed any more. Without names.
  Result<StoredImage> held_image(const std::string& container) const;

  // The containers that hold the image, by the names of their directories.
  Result<std::vector<std::string>> holders(const StoredImage& image) const;

  // Removes what no image, container or entry of the build cache needs; nothing while a pull or a
  // build goes on. Returns the layers' blobs, "sha256:…".
  Result<std::vector<std::string>> collect_unneeded() const;

  // What a pull or a build has put below blobs/ and layers/, to be listed under `name`. The image
  // that had the name before stays, without it.
  struct NewImage {
    Descriptor manifest;
    Digest config;
    std::string name;           // Canonical; with a digest instead of a tag for pulls by digest.
    std::string source_digest;  // What the registry calls it under this name; may be empty.
    std::uint64_t size_bytes = 0;
  };
  struct Added {
    StoredImage image;    // As it is listed now, whoever removes it later.
    bool is_new = false;  // The name did not mean this image before.
  };
  Result<Added> add(const NewImage& image);

  // The registry has this manifest under the name now. Without effect if the name means another
  // image meanwhile.
  Result<void> note_pushed(const Reference& name, const Digest& manifest);

  // Held while blobs and layers are there that nothing lists yet, or must stay if nothing lists
  // them any more.
  Result<UniqueFd> begin_pull() const;

  // Somebody has begin_pull(), so that nothing can be collected now.
  Result<bool> is_busy() const;

  bool has_blob(const Digest& digest) const;
  bool has_tree(const Digest& blob) const;  // Of a layer.
  std::string blob_path(const Digest& digest) const;
  std::string layer_path(const Digest& blob) const;
  const std::string& root() const { return root_; }

 private:
  explicit ImageStore(std::string root) : root_(std::move(root)) {}

  // Takes out of `entries`, and of the index, what remove_unused() removes.
  Result<Removed> unlist_unused(std::vector<IndexedImage>& entries, const IsWanted& is_wanted);

  std::string root_;
};

}  // namespace ikada
