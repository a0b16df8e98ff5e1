#include "image/pull.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "image/placed_layer.h"
#include "image/pull_layer.h"
#include "image/store_space.h"
#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// One more than there are cores, because one is mostly waiting for the disk.
constexpr size_t kMaxPullWorkers = 6;

// Where an image is fetched from: a mirror, or the registry that its name names.
struct PullSource {
  Reference reference;
  RegistryOptions options;
};

std::vector<PullSource> list_sources(const Reference& reference, RegistryOptions options) {
  std::vector<PullSource> sources;
  for (RegistryMirror& mirror : options.mirrors) {
    PullSource source{.reference = reference, .options = std::move(mirror.options)};
    source.reference.registry = mirror.registry;
    source.reference.repository = mirror.prefix + reference.repository;
    sources.push_back(std::move(source));
  }
  options.mirrors.clear();
  sources.push_back({.reference = reference, .options = std::move(options)});
  return sources;
}

struct ChosenImage {
  Digest source_digest;  // Of what the reference named.
  Manifest manifest;
  Descriptor manifest_descriptor;
  std::string manifest_text;
};

struct PulledConfig {
  ImageConfig parsed;
  std::vector<LayerToPull> layers;
};

Error invalid(std::string_view code, std::string_view what) {
  Error error = make_error(ErrorKind::kInvalid, "{}", what);
  error.code = code;
  return error;
}

// Whether a manifest is what the index said of it; its digest has been checked.
Result<void> check_promise(const Descriptor& promised, const FetchedManifest& manifest) {
  if (manifest.body.size() != promised.size_bytes) {
    return invalid("SIZE_MISMATCH",
                   fmt::format("manifest {}: size mismatch: {} bytes, not {}",
                               promised.digest.text(),
                               manifest.body.size(),
                               promised.size_bytes));
  }
  // An index and a scanner must not see another kind of thing in it than we do.
  const Result<ManifestOrIndex> parsed = parse_manifest(manifest.body, promised.media_type);
  return parsed.has_value() ? Result<void>() : parsed.error();
}

// No layer is larger packed than it may be unpacked; it is refused before a byte of it is fetched.
Result<void> check_blob_size(const Descriptor& layer, const LayerLimits& limits) {
  if (layer.size_bytes <= limits.max_bytes) return {};
  return invalid("LAYER_TOO_LARGE",
                 fmt::format("layer {}: {} bytes are more than a layer may have",
                             layer.digest.text(),
                             layer.size_bytes));
}

Result<void> check_image_size(const Manifest& manifest, std::uint64_t max_bytes) {
  std::uint64_t total = 0;
  for (const Descriptor& layer : manifest.layers) {
    total += layer.size_bytes;
    if (layer.size_bytes <= max_bytes && total <= max_bytes) continue;
    return invalid("LAYER_BUDGET_EXCEEDED", "image: its layers are larger than is allowed");
  }
  return {};
}

// From the reference through indexes to the manifest for the platform.
Result<ChosenImage> choose_image(RegistryClient& client,
                                 const Reference& reference,
                                 const Platform& platform) {
  ChosenImage chosen;
  IK_LET(fetched,
         client.fetch_manifest(reference.digest.empty() ? reference.tag : reference.digest));
  chosen.source_digest = fetched.digest;
  for (int depth = 0; depth <= kMaxIndexDepth; ++depth) {
    IK_LET(parsed, parse_manifest(fetched.body, fetched.media_type));
    if (std::holds_alternative<Manifest>(parsed)) {
      chosen.manifest = std::get<Manifest>(std::move(parsed));
      IK_TRY(check_is_image(chosen.manifest).context("{}", reference.familiar()));
      chosen.manifest_descriptor = {.media_type = chosen.manifest.media_type,
                                    .digest = fetched.digest,
                                    .size_bytes = fetched.body.size()};
      chosen.manifest_text = std::move(fetched.body);
      return chosen;
    }
    IK_LET(entry, choose_platform(std::get<Index>(parsed), platform));
    IK_LET(next, client.fetch_manifest(entry.digest.text()));
    IK_TRY(check_promise(entry, next));
    fetched = std::move(next);
  }
  return invalid("MANIFEST_INVALID", "indexes are nested too deep");
}

// The blob from the store, or from the registry and then in the store.
Result<std::string> obtain_config(const ImageStore& store,
                                  RegistryClient& client,
                                  BlobPeers* peers,
                                  const Descriptor& blob) {
  const std::string path = store.blob_path(blob.digest);
  Result<std::string> present = read_file(path, kMaxManifestBytes);
  if (present.has_value() && Digest::of(*present) == blob.digest) return present;
  Result<std::string> fetched = client.fetch_small_blob(blob);
  const bool is_wrong = !fetched.has_value() && fetched.error().kind == ErrorKind::kInvalid;
  if (is_wrong && peers != nullptr && peers->mend(blob.digest)) {
    fetched = client.fetch_small_blob(blob);
  }
  IK_LET(text, std::move(fetched));
  IK_TRY(write_file_atomically(path, text, 0600));
  return text;
}

Result<PulledConfig> check_config(const std::string& text,
                                  const Manifest& manifest,
                                  const PullOptions& options,
                                  const Platform& platform) {
  IK_LET(config, parse_image_config(text));
  if (config.diff_ids.size() != manifest.layers.size()) {
    return invalid("CONFIG_INVALID",
                   fmt::format("image config: {} diff_ids for {} layers",
                               config.diff_ids.size(),
                               manifest.layers.size()));
  }
  const Platform offered = normalize_platform(
      {.os = config.os, .architecture = config.architecture, .variant = config.variant});
  const bool fits = platform_distance(platform, offered).has_value();
  if (config.os != "linux" || (!options.platform.empty() && !fits)) {
    Error error = make_error(
        ErrorKind::kNotFound, "image is for {}, not for {}", offered.text(), platform.text());
    error.code = "PLATFORM_NOT_FOUND";
    return error;
  }
  PulledConfig pulled{.parsed = std::move(config), .layers = {}};
  for (size_t i = 0; i < manifest.layers.size(); ++i) {
    // For its refusals; the compression itself is seen in the bytes.
    IK_LET(compression, layer_compression(manifest.layers[i].media_type));
    static_cast<void>(compression);
    IK_TRY(check_blob_size(manifest.layers[i], options.limits));
    IK_LET(diff_id, Digest::parse(pulled.parsed.diff_ids[i]));
    pulled.layers.push_back({manifest.layers[i], std::move(diff_id)});
  }
  IK_TRY(check_image_size(manifest, options.max_image_bytes));
  return pulled;
}

// The layers of one image, pulled by a few threads; the first error stops all.
class LayerPulls {
 public:
  LayerPulls(const PullContext& context, std::vector<LayerToPull> layers)
      : context_(context), layers_(std::move(layers)) {}

  Result<void> run() {
    report_start();
    std::vector<std::thread> threads;
    const size_t cores = std::max(std::thread::hardware_concurrency(), 1U);
    const size_t workers = std::min({cores + 1, kMaxPullWorkers, queue_.size()});
    for (size_t i = 0; i < workers; ++i) threads.emplace_back([this] { work(); });
    for (std::thread& thread : threads) thread.join();
    if (error_.has_value()) return *error_;
    return {};
  }

 private:
  void report(const LayerToPull& layer, PullProgress::Phase phase) const {
    context_.progress({.layer = layer.blob.digest.text(),
                       .phase = phase,
                       .done_bytes = 0,
                       .total_bytes = layer.blob.size_bytes});
  }

  void report_start() {
    std::set<std::pair<Digest, Digest>> seen;
    for (const LayerToPull& layer : layers_) {
      // An image may have a layer more than once, e.g. an empty one.
      if (!seen.emplace(layer.blob.digest, layer.diff_id).second) continue;
      const bool present = has_layer(context_.store, layer);
      report(layer, present ? PullProgress::Phase::kExists : PullProgress::Phase::kWaiting);
      if (!present) queue_.push_back(&layer);
    }
    // The largest first, so that no thread is left alone with it at the end.
    std::stable_sort(queue_.begin(), queue_.end(), [](const auto* a, const auto* b) {
      return a->blob.size_bytes > b->blob.size_bytes;
    });
  }

  void work() {
    while (!stopped_) {
      const size_t mine = next_++;
      if (mine >= queue_.size()) return;
      const LayerToPull& layer = *queue_[mine];
      Result<void> result = pull_layer(context_, layer);
      if (result.has_value()) {
        report(layer, PullProgress::Phase::kDone);
        continue;
      }
      const std::lock_guard lock(mutex_);
      // What follows are consequences: cancelled downloads.
      if (!error_.has_value()) error_ = std::move(result.error());
      stopped_ = true;
      context_.client.cancel();
    }
  }

  const PullContext& context_;
  const std::vector<LayerToPull> layers_;
  std::vector<const LayerToPull*> queue_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::optional<Error> error_;
};

Result<std::uint64_t> total_bytes(const ImageStore& store, const std::vector<LayerToPull>& layers) {
  std::uint64_t total = 0;
  for (const LayerToPull& layer : layers) {
    IK_LET(bytes, layer_content_bytes(store, layer.blob.digest));
    total += bytes;
  }
  return total;
}

// Of those layers that are here already. Each counts once.
Result<void> take_present_layers(const ImageStore& store,
                                 const std::vector<LayerToPull>& layers,
                                 ImageBudget& budget) {
  std::set<Digest> seen;
  for (const LayerToPull& layer : layers) {
    if (!seen.insert(layer.blob.digest).second || !has_layer(store, layer)) continue;
    IK_LET(bytes, layer_content_bytes(store, layer.blob.digest));
    IK_TRY(budget.take(bytes));
  }
  return {};
}

// What the missing layers take at least: their blobs, and unpacked no less than packed.
std::uint64_t least_missing_bytes(const ImageStore& store, const std::vector<LayerToPull>& layers) {
  std::set<Digest> seen;
  std::uint64_t total = 0;
  for (const LayerToPull& layer : layers) {
    if (!seen.insert(layer.blob.digest).second || has_layer(store, layer)) continue;
    total += 2 * layer.blob.size_bytes;
  }
  return total;
}

Result<RegistryOptions> options_for(const Reference& reference, const PullOptions& options) {
  if (options.registry.has_value()) return *options.registry;
  return registry_options_for(reference.registry);
}

// One call of pull_image().
class ImagePull {
 public:
  ImagePull(ImageStore& store, const Reference& reference, const PullOptions& options)
      : store_(store), reference_(reference), options_(options) {}

  Result<PullResult> run(const std::vector<PullSource>& sources);

 private:
  Result<PullResult> pull_from_any(const std::vector<PullSource>& sources);
  Result<PullResult> pull_from(PullSource source);
  Result<void> check_space(const std::vector<LayerToPull>& layers);

  ImageStore& store_;
  const Reference& reference_;
  const PullOptions& options_;
  bool room_is_made_ = false;
  std::uint64_t needed_bytes_ = 0;    // At least.
  std::uint64_t exceeded_bytes_ = 0;  // What was free, and did not do.
};

// Before room was made the policy's floor is to stay free, too; then it has done its duty.
Result<void> ImagePull::check_space(const std::vector<LayerToPull>& layers) {
  needed_bytes_ = least_missing_bytes(store_, layers);
  if (needed_bytes_ == 0) return {};
  IK_LET(floor, floor_bytes(store_, options_.policy));
  IK_TRY(check_room(store_, needed_bytes_, room_is_made_ ? 0 : floor)
             .context("{}", reference_.familiar()));
  IK_LET(available, free_bytes(store_));
  exceeded_bytes_ = available;
  return {};
}

Result<PullResult> ImagePull::pull_from(PullSource source) {
  Platform platform = host_platform();
  if (!options_.platform.empty()) {
    IK_LET(parsed, parse_platform(options_.platform));
    platform = std::move(parsed);
  }
  IK_LET(client, RegistryClient::create(source.reference, std::move(source.options)));
  IK_LET(chosen, choose_image(*client, source.reference, platform));
  IK_LET(config_text, obtain_config(store_, *client, options_.peers, chosen.manifest.config));
  IK_LET(config, check_config(config_text, chosen.manifest, options_, platform));

  IK_TRY(check_space(config.layers));
  ImageBudget budget(options_.max_image_bytes);
  IK_TRY(take_present_layers(store_, config.layers, budget));

  std::mutex mutex;
  const PullContext context{.store = store_,
                            .client = *client,
                            .peers = options_.peers,
                            .limits = options_.limits,
                            .budget = budget,
                            .progress = [&](const PullProgress& progress) {
                              const std::lock_guard lock(mutex);
                              if (options_.progress) options_.progress(progress);
                            }};
  IK_TRY(LayerPulls(context, config.layers).run());

  const Digest& manifest = chosen.manifest_descriptor.digest;
  const std::string manifest_path = store_.blob_path(manifest);
  const Result<std::string> present = read_file(manifest_path, kMaxManifestBytes);
  if (!present.has_value() || *present != chosen.manifest_text) {
    IK_TRY(write_file_atomically(manifest_path, chosen.manifest_text, 0600));
  }
  Reference name = reference_;
  if (!name.digest.empty()) name.tag.clear();
  IK_LET(size_bytes, total_bytes(store_, config.layers));
  IK_LET(added,
         store_.add({.manifest = chosen.manifest_descriptor,
                     .config = chosen.manifest.config.digest,
                     .name = name.canonical(),
                     .source_digest = chosen.source_digest.text(),
                     .size_bytes = size_bytes}));
  return PullResult{.image = std::move(added.image),
                    .digest = chosen.source_digest.text(),
                    .was_new = added.is_new};
}

// What has nothing to do with where the image comes from.
bool is_of_this_host(const Error& error) {
  return error.kind == ErrorKind::kSystem || error.kind == ErrorKind::kInternal;
}

// A mirror that is down, does not have the image or has spoilt it is passed over; what it sent of
// layers that is right is kept.
Result<PullResult> ImagePull::pull_from_any(const std::vector<PullSource>& sources) {
  IK_LET(pulling, store_.begin_pull());
  for (size_t i = 0;; ++i) {
    Result<PullResult> pulled = pull_from(sources[i]);
    if (pulled.has_value()) {
      pulled->keeping = std::move(pulling);
      return pulled;
    }
    const bool is_last = i + 1 == sources.size();
    if (is_last || is_of_this_host(pulled.error())) return pulled;
  }
}

Result<PullResult> ImagePull::run(const std::vector<PullSource>& sources) {
  Result<PullResult> pulled = pull_from_any(sources);
  if (pulled.has_value() || !is_out_of_space(pulled.error())) return pulled;
  // Unpacked it is most likely some times larger than packed.
  const std::uint64_t wanted_bytes = 2 * std::max(needed_bytes_, exceeded_bytes_);
  IK_TRY(make_room(store_, options_.policy, wanted_bytes));
  room_is_made_ = true;
  return pull_from_any(sources);
}

}  // namespace

Result<PullResult> pull_image(ImageStore& store,
                              const Reference& reference,
                              const PullOptions& options) {
  IK_LET(registry, options_for(reference, options));
  return ImagePull(store, reference, options).run(list_sources(reference, std::move(registry)));
}

}  // namespace ikada
