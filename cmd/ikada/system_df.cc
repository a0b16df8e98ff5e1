#include <stdio.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/container_rows.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/disk_usage.h"
#include "cmd/ikada/image_rows.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/open_store.h"
#include "cmd/ikada/table.h"
#include "image/build_cache.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

struct SystemDfOptions {
  std::string format;
  bool verbose = false;
};

constexpr std::array kDfColumns = {
    Column{"Type", "TYPE"},
    Column{"TotalCount", "TOTAL"},
    Column{"Active", "ACTIVE"},
    Column{"Size", "SIZE"},
    Column{"Reclaimable", "RECLAIMABLE"},
};
constexpr std::string_view kSummary =
    "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}";

// One kind of thing, summed up.
struct Total {
  std::string type;
  size_t count = 0;
  size_t active = 0;
  std::uint64_t bytes = 0;
  std::uint64_t reclaimable_bytes = 0;
};

Json total_row(const Total& total) {
  std::string reclaimable = format_decimal_size(total.reclaimable_bytes);
  if (total.bytes > 0) {
    reclaimable += fmt::format(" ({}%)", total.reclaimable_bytes * 100 / total.bytes);
  }
  return {{"Type", total.type},
          {"TotalCount", std::to_string(total.count)},
          {"Active", std::to_string(total.active)},
          {"Size", format_decimal_size(total.bytes)},
          {"Reclaimable", std::move(reclaimable)}};
}

struct ImageUsage {
  StoredImage image;
  ImageConfig config;
  std::set<std::string> layers = {};  // Digests of their blobs.
  size_t containers = 0;
  std::uint64_t shared_bytes = 0;
  std::uint64_t unique_bytes = 0;
};

std::uint64_t bytes_of(const std::map<std::string, std::uint64_t>& layers, const std::string& id) {
  const auto found = layers.find(id);
  return found == layers.end() ? 0 : found->second;
}

Result<std::vector<ImageUsage>> measure_images(const ImageStore& store,
                                               const std::map<std::string, std::uint64_t>& layers) {
  IK_LET(images, store.list());
  std::vector<ImageUsage> usages;
  std::map<std::string, size_t> users;
  for (StoredImage& image : images) {
    IK_LET(config, store.config(image));
    IK_LET(manifest, store.manifest(image));
    IK_LET(holders, store.holders(image));
    std::set<std::string> ids;
    for (const Descriptor& layer : manifest.layers) ids.insert(layer.digest.text());
    for (const std::string& id : ids) ++users[id];
    usages.push_back({.image = std::move(image),
                      .config = std::move(config),
                      .layers = std::move(ids),
                      .containers = holders.size()});
  }
  for (ImageUsage& usage : usages) {
    for (const std::string& id : usage.layers) {
      (users[id] > 1 ? usage.shared_bytes : usage.unique_bytes) += bytes_of(layers, id);
    }
  }
  return usages;
}

Total sum_images(const std::vector<ImageUsage>& usages,
                 const std::map<std::string, std::uint64_t>& layers) {
  Total total{.type = "Images", .count = usages.size()};
  std::set<std::string> used;
  std::set<std::string> known;
  for (const ImageUsage& usage : usages) {
    known.insert(usage.layers.begin(), usage.layers.end());
    if (usage.containers == 0) continue;
    ++total.active;
    used.insert(usage.layers.begin(), usage.layers.end());
  }
  for (const auto& [id, bytes] : layers) {
    if (!known.contains(id)) continue;
    total.bytes += bytes;
    if (!used.contains(id)) total.reclaimable_bytes += bytes;
  }
  return total;
}

// Steps, of which those count as active that are in an image and so take no room of their own.
Total sum_build_cache(const std::vector<ImageUsage>& usages,
                      const std::vector<CacheEntry>& entries,
                      const std::map<std::string, std::uint64_t>& layers) {
  Total total{.type = "Build Cache", .count = entries.size()};
  std::set<std::string> of_images;
  for (const ImageUsage& usage : usages) {
    of_images.insert(usage.layers.begin(), usage.layers.end());
  }
  std::set<std::string> counted;
  for (const CacheEntry& entry : entries) {
    if (entry.step.diff_id.empty()) continue;
    const std::string& id = entry.step.blob.digest.text();
    if (of_images.contains(id)) {
      ++total.active;
    } else if (counted.insert(id).second) {
      total.bytes += bytes_of(layers, id);
    }
  }
  total.reclaimable_bytes = total.bytes;
  return total;
}

struct MeasuredStore {
  std::vector<ImageUsage> images;
  std::vector<ListedContainer> containers;
  std::map<std::string, std::uint64_t> container_bytes;
  std::map<std::string, std::uint64_t> volume_bytes;
  std::map<std::string, size_t> volume_links;
  std::map<std::string, std::uint64_t> layers;
  std::vector<CacheEntry> cache;
  std::uint64_t cache_mount_bytes = 0;
};

Result<MeasuredStore> measure_store(const Context& context) {
  IK_LET(store, open_store(context));
  const EngineLayout layout = engine_layout(context);
  MeasuredStore all;
  IK_LET(layers, list_layer_bytes(store));
  IK_LET(images, measure_images(store, layers));
  IK_LET(containers, list_all_containers(layout));
  IK_LET(volumes, list_volume_bytes(layout));
  for (const ListedContainer& each : containers) {
    all.container_bytes[each.record.id] =
        tree_bytes(layout.container_file(each.record.id, "upper"));
    std::set<std::string> sources;
    for (const MountSpec& mount : each.record.spec.mounts) sources.insert(mount.source);
    for (const std::string& source : sources) ++all.volume_links[source];
  }
  all.images = std::move(images);
  all.containers = std::move(containers);
  all.volume_bytes = std::move(volumes);
  all.layers = std::move(layers);
  IK_LET(cache, list_build_cache(store.root()));
  all.cache = std::move(cache);
  all.cache_mount_bytes = tree_bytes(cache_mounts_directory(store.root()));
  return all;
}

std::vector<Total> sum_up(const MeasuredStore& all) {
  Total containers{.type = "Containers", .count = all.containers.size()};
  for (const ListedContainer& each : all.containers) {
    const std::uint64_t bytes = all.container_bytes.at(each.record.id);
    containers.bytes += bytes;
    if (each.status.is_running()) {
      ++containers.active;
    } else {
      containers.reclaimable_bytes += bytes;
    }
  }
  Total volumes{.type = "Local Volumes", .count = all.volume_bytes.size()};
  for (const auto& [name, bytes] : all.volume_bytes) {
    volumes.bytes += bytes;
    if (all.volume_links.contains(name)) {
      ++volumes.active;
    } else {
      volumes.reclaimable_bytes += bytes;
    }
  }
  Total cache = sum_build_cache(all.images, all.cache, all.layers);
  cache.bytes += all.cache_mount_bytes;
  cache.reclaimable_bytes += all.cache_mount_bytes;
  return {sum_images(all.images, all.layers), containers, volumes, cache};
}

std::string since(UnixNanos created) {
  constexpr UnixNanos kSecond = 1'000'000'000;
  if (created == 0) return "N/A";
  return format_duration_words((unix_now() - created) / kSecond) + " ago";
}

std::string image_lines(const MeasuredStore& all) {
  std::string text =
      "REPOSITORY\tTAG\tIMAGE ID\tCREATED\tSIZE\tSHARED SIZE\tUNIQUE SIZE\tCONTAINERS\n";
  for (const ImageUsage& usage : all.images) {
    std::vector<std::string> names = usage.image.references;
    if (names.empty()) names.emplace_back();
    for (const std::string& name : names) {
      const Result<Reference> reference = parse_reference(name);
      text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
                          reference.has_value() ? reference->familiar_name() : "<none>",
                          reference.has_value() ? reference->tag : "<none>",
                          usage.image.id.substr(7, 12),
                          since(parse_rfc3339(usage.config.created).value_or(0)),
                          format_decimal_size(usage.image.size_bytes),
                          format_decimal_size(usage.shared_bytes),
                          format_decimal_size(usage.unique_bytes),
                          usage.containers);
    }
  }
  return text;
}

void print_verbose(const MeasuredStore& all) {
  ::printf("Images space usage:\n\n%s\n", align_columns(image_lines(all)).c_str());
  std::string text = "CONTAINER ID\tIMAGE\tLOCAL VOLUMES\tSIZE\tCREATED\tSTATUS\tNAMES\n";
  for (const ListedContainer& each : all.containers) {
    size_t volumes = 0;
    for (const MountSpec& mount : each.record.spec.mounts) {
      if (all.volume_bytes.contains(mount.source)) ++volumes;
    }
    text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
                        each.record.short_id(),
                        each.record.image,
                        volumes,
                        format_decimal_size(all.container_bytes.at(each.record.id)),
                        since(each.record.created),
                        describe_status(each.status, unix_now()),
                        each.record.name);
  }
  ::printf("Containers space usage:\n\n%s\n", align_columns(text).c_str());
  text = "VOLUME NAME\tLINKS\tSIZE\n";
  for (const auto& [name, bytes] : all.volume_bytes) {
    const auto links = all.volume_links.find(name);
    text += fmt::format("{}\t{}\t{}\n",
                        name,
                        links == all.volume_links.end() ? 0 : links->second,
                        format_decimal_size(bytes));
  }
  ::printf("Local Volumes space usage:\n\n%s", align_columns(text).c_str());
}

Result<void> system_df(const SystemDfOptions& options, const Context& context) {
  if (options.verbose && !options.format.empty()) {
    return make_error(ErrorKind::kInvalid, "--verbose and --format do not go together");
  }
  IK_LET(all, measure_store(context));
  if (options.verbose) {
    print_verbose(all);
    return {};
  }
  std::vector<Json> rows;
  for (const Total& total : sum_up(all)) rows.push_back(total_row(total));
  return print_rows({.columns = kDfColumns, .default_format = kSummary}, rows, options.format);
}

}  // namespace

void add_system_df_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<SystemDfOptions>();
  CLI::App* command = app.add_subcommand("df", "Show how much of the disk is used for what");
  command->add_option("--format", options->format, "\"table\", \"json\" or a Go template");
  command->add_flag("-v,--verbose", options->verbose, "Each image, container and volume");
  command->callback([options, &context] { context.finish(system_df(*options, context)); });
}

}  // namespace ikada
