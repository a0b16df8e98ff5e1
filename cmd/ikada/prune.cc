#include "cmd/ikada/prune.h"

#include <stdio.h>

#include <algorithm>
#include <map>
#include <set>

#include "cluster/engine/volumes.h"
#include "cmd/ikada/container_rows.h"
#include "cmd/ikada/disk_usage.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/open_store.h"
#include "image/build_cache.h"

namespace ikada {
namespace {

constexpr size_t kAnonymousNameLength = 64;

void print_list(const char* heading, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  ::printf("%s\n", heading);
  for (const std::string& line : lines) ::printf("%s\n", line.c_str());
  ::printf("\n");
}

// The hexadecimal digits of their blobs.
Result<std::set<std::string>> list_image_layers(const ImageStore& store) {
  std::set<std::string> layers;
  IK_LET(images, store.list());
  for (const StoredImage& image : images) {
    IK_LET(manifest, store.manifest(image));
    for (const Descriptor& layer : manifest.layers) layers.emplace(layer.digest.hex());
  }
  return layers;
}

}  // namespace

Result<std::uint64_t> prune_containers(const Context& context, const PruneFilter& filter) {
  IK_LET(engine, open_engine(context));
  IK_LET(containers, list_all_containers(engine.layout()));
  std::uint64_t freed = 0;
  std::vector<std::string> removed;
  for (const ListedContainer& each : containers) {
    if (each.status.is_running()) continue;
    if (!passes(filter, each.record.created, each.record.spec.labels)) continue;
    const auto size = tree_bytes(engine.layout().container_file(each.record.id, "upper"));
    const Result<void> result = engine.remove(each.record, {});
    // It was started or removed meanwhile.
    if (!result.has_value()) continue;
    freed += size;
    removed.push_back(each.record.id);
  }
  print_list("Deleted Containers:", removed);
  return freed;
}

Result<std::uint64_t> prune_images(const Context& context, const PruneFilter& filter, bool all) {
  IK_LET(store, open_store(context));
  IK_LET(before, list_layer_bytes(store));
  IK_LET(removed, store.remove_unused([&](const StoredImage& image) -> Result<bool> {
    const bool dangling = image.references.empty() && image.repo_digests.empty();
    if (!all && !dangling) return false;
    IK_LET(config, store.config(image));
    return passes(filter, parse_rfc3339(config.created).value_or(0), config.labels);
  }));
  std::vector<std::string> lines;
  std::uint64_t freed = 0;
  for (const std::string& name : removed.untagged) lines.push_back("untagged: " + name);
  for (const std::string& digest : removed.deleted) {
    lines.push_back("deleted: " + digest);
    const auto layer = before.find(digest);
    if (layer != before.end()) freed += layer->second;
  }
  print_list("Deleted Images:", lines);
  return freed;
}

Result<std::uint64_t> prune_builds(const Context& context, const PruneFilter& filter, bool all) {
  if (!filter.labels.empty() || !filter.other_labels.empty()) return std::uint64_t{0};
  constexpr UnixNanos kSecond = 1'000'000'000;
  IK_LET(store, open_store(context));
  BuildCachePruning pruning{.mounts = all, .dangling = !all};
  if (filter.until != INT64_MAX) {
    pruning.unused_s = std::max<UnixNanos>((unix_now() - filter.until) / kSecond, 1);
  }
  if (!all) {
    IK_LET(layers, list_image_layers(store));
    pruning.image_layers = std::move(layers);
  }
  IK_LET(before, list_layer_bytes(store));
  const std::string mounts = cache_mounts_directory(store.root());
  std::uint64_t freed = tree_bytes(mounts);
  IK_LET(removed, prune_build_cache(store.root(), pruning));
  freed -= std::min(freed, tree_bytes(mounts));
  IK_LET(layers, store.collect_unneeded());
  for (const std::string& layer : layers) {
    const auto known = before.find(layer);
    if (known != before.end()) freed += known->second;
  }
  print_list("Deleted build cache objects:", removed);
  return freed;
}

Result<std::uint64_t> prune_anonymous_volumes(const Context& context) {
  const EngineLayout layout = engine_layout(context);
  IK_LET(containers, list_all_containers(layout));
  std::set<std::string> used;
  for (const ListedContainer& each : containers) {
    for (const MountSpec& mount : each.record.spec.mounts) used.insert(mount.source);
  }
  IK_LET(volumes, list_volume_bytes(layout));
  std::uint64_t freed = 0;
  std::vector<std::string> removed;
  for (const auto& [name, bytes] : volumes) {
    const bool anonymous = name.size() == kAnonymousNameLength &&
                           name.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!anonymous || used.contains(name)) continue;
    // A container may take it just now; then it stays.
    if (!remove_unused_volume(layout, name).has_value()) continue;
    freed += bytes;
    removed.push_back(name);
  }
  print_list("Deleted Volumes:", removed);
  return freed;
}

}  // namespace ikada
