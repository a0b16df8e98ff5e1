#include "image/mount_sources.h"

#include <algorithm>

#include "image/store_index.h"

namespace ikada {
namespace {

// "library/debian" of "docker.io/library/debian:12" if that is the registry; empty otherwise.
std::string repository_at(const std::string& name, const std::string& registry) {
  const std::string repository = repository_of(name);
  if (!repository.starts_with(registry + "/")) return {};
  return repository.substr(registry.size() + 1);
}

void add_source(MountSources& sources, const Digest& blob, const std::string& repository) {
  std::vector<std::string>& of_blob = sources[blob.text()];
  if (std::ranges::find(of_blob, repository) == of_blob.end()) of_blob.push_back(repository);
}

}  // namespace

Result<MountSources> find_mount_sources(const ImageStore& store, const Reference& target) {
  IK_LET(entries, store.names());
  MountSources sources;
  for (const IndexedImage& entry : entries) {
    // Only what a registry has given a digest has been there.
    const std::string repository = repository_at(entry.name, target.registry);
    const bool was_there = !repository.empty() && !entry.source_digest.empty();
    if (!was_there || repository == target.repository) continue;
    const Result<Manifest> manifest =
        store.manifest({.manifest_digest = entry.manifest.digest.text()});
    if (!manifest.has_value()) continue;
    add_source(sources, manifest->config.digest, repository);
    for (const Descriptor& layer : manifest->layers) add_source(sources, layer.digest, repository);
  }
  return sources;
}

}  // namespace ikada
