// An index of images for several platforms that is put together here before it is pushed.
//
// Pure data and text. The index names its images by digest; where their bytes are to be had is
// remembered beside it and is not part of what is pushed.
//
// Source: OCI image-spec 1.1, image-index.md; distribution, "Manifest List"; docker-manifest(1).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "image/manifest.h"
#include "image/platform.h"
#include "image/reference.h"
#include "runtime/base/result.h"

namespace ikada {

struct ListedManifest {
  Descriptor descriptor;
  Platform platform;  // As the image calls it, not normalised.
  std::string os_version = {};
  std::vector<std::string> os_features = {};
  std::map<std::string, std::string> annotations = {};
  std::string source;     // Canonical reference under which it was added.
  bool is_local = false;  // Its blobs are in this host's store, else in the source's repository.
  std::string text;       // The manifest itself.
};

struct ManifestList {
  std::string name;  // Canonical, "registry.example.com/team/web:1".
  std::vector<ListedManifest> manifests;

  // Adds it; what has the same digest is replaced.
  void put(ListedManifest manifest);

  // By digest, or by the reference it was added under; nullptr if there is none.
  ListedManifest* find(std::string_view digest_or_reference);
};

// The index as it is pushed, and what type it is: Docker's list if all images are Docker's and
// nothing is annotated, else OCI's. kInvalid if an image's platform is not known.
struct IndexText {
  std::string media_type;
  std::string text;
};
Result<IndexText> format_index(const ManifestList& list);

// The file on this host.
std::string format_manifest_list(const ManifestList& list);
Result<ManifestList> parse_manifest_list(std::string_view text);

}  // namespace ikada
