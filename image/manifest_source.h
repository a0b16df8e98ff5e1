// The images that a manifest list is made of, found on this host or in their registry.
//
// Waits on the network for what is not here.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "image/manifest_list.h"
#include "image/reference.h"
#include "image/registry_options.h"
#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

struct ManifestSearch {
  bool all_platforms = false;  // Of an index take every image, not this host's alone.
  bool asks_registry = false;  // Also for an image that is here.
  std::function<Result<RegistryOptions>(const std::string& registry)> registry_options;
};

// kNotFound, kDenied, kUnavailable as RegistryClient.
Result<std::vector<ListedManifest>> find_manifests(const ImageStore& store,
                                                   const Reference& reference,
                                                   const ManifestSearch& search);

}  // namespace ikada
