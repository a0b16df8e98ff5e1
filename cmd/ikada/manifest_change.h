// What the manifest commands that put images into lists share: their options, and finding images.
//
// Source: docker-manifest-annotate(1), podman-manifest-add(1).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/ikada/context.h"
#include "image/manifest_list.h"
#include "image/manifest_source.h"
#include "runtime/base/result.h"

namespace CLI {
class App;
}

namespace ikada {

// --arch and so on; those that are given change what the image says of itself.
struct ManifestChange {
  std::string os;
  std::string architecture;
  std::string variant;
  std::string os_version;
  std::vector<std::string> os_features;
  std::vector<std::string> annotations;  // "key=value"

  void add_options(CLI::App& command);

  // kInvalid for an annotation without '='.
  Result<void> apply(ListedManifest& manifest) const;
};

// "docker://registry/name" means the registry's image even if there is one here.
Result<std::vector<ListedManifest>> find_manifests_of(const Context& context,
                                                      const std::string& image,
                                                      bool all_platforms);

// Without "docker://".
Result<Reference> parse_manifest_name(std::string_view text);

}  // namespace ikada
