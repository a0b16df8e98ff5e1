#include "cmd/ikada/manifest_change.h"

#include <CLI/CLI.hpp>

#include "cmd/ikada/open_store.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::string_view kRegistryPrefix = "docker://";

void replace(std::string& value, const std::string& given) {
  if (!given.empty()) value = given;
}

}  // namespace

void ManifestChange::add_options(CLI::App& command) {
  command.add_option("--arch", architecture, "Architecture, e.g. arm64");
  command.add_option("--os", os, "Operating system, e.g. linux");
  command.add_option("--variant", variant, "Variant of the architecture, e.g. v8");
  command.add_option("--os-version", os_version, "Version of the operating system");
  command.add_option("--os-features", os_features, "Features of the operating system")
      ->delimiter(',');
  command.add_option("--annotation", annotations, "KEY=VALUE for the entry in the index");
}

Result<void> ManifestChange::apply(ListedManifest& manifest) const {
  replace(manifest.platform.os, os);
  replace(manifest.platform.architecture, architecture);
  replace(manifest.platform.variant, variant);
  replace(manifest.os_version, os_version);
  if (!os_features.empty()) manifest.os_features = os_features;
  for (const std::string& annotation : annotations) {
    const Cut pair = cut(annotation, '=');
    if (!pair.found || pair.before.empty()) {
      return make_error(ErrorKind::kInvalid, "annotation {}: expected KEY=VALUE", annotation);
    }
    manifest.annotations[std::string(pair.before)] = pair.after;
  }
  return {};
}

Result<Reference> parse_manifest_name(std::string_view text) {
  if (text.starts_with(kRegistryPrefix)) text.remove_prefix(kRegistryPrefix.size());
  return parse_reference(text);
}

Result<std::vector<ListedManifest>> find_manifests_of(const Context& context,
                                                      const std::string& image,
                                                      bool all_platforms) {
  IK_LET(reference, parse_manifest_name(image));
  IK_LET(store, open_store(context));
  const ManifestSearch search{.all_platforms = all_platforms,
                              .asks_registry = image.starts_with(kRegistryPrefix),
                              .registry_options = [&](const std::string& registry) {
                                return registry_options_for(registry, context.config_path);
                              }};
  return find_manifests(store, reference, search);
}

}  // namespace ikada
