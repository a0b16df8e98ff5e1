// Targets that read documents: JSON and YAML.
#include <algorithm>
#include <string>

#include "image/config.h"
#include "image/manifest.h"
#include "image/registry_options.h"
#include "image/store_index.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"
#include "runtime/spec/config.h"
#include "tests/fuzz/targets.h"

namespace ikada {

// What is taken is what the library itself reads, and nothing that it would not.
void fuzz_json(std::string_view bytes) {
  const Result<Json> ours = parse_json(bytes);
  if (!ours.has_value()) return;
  const Json theirs = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  promise(!theirs.is_discarded(), "JSON that the library refuses is refused");
  promise(theirs == *ours, "JSON means what the library says");
}

// The first line is the Content-Type.
void fuzz_manifest(std::string_view bytes) {
  const Cut parts = cut(bytes, '\n');
  const Result<ManifestOrIndex> parsed = parse_manifest(parts.after, parts.before);
  if (!parsed.has_value()) {
    promise(!parsed.error().code.empty(), "a refused manifest has a code");
    return;
  }
  if (const auto* manifest = std::get_if<Manifest>(&*parsed)) {
    promise(manifest->layers.size() <= kMaxDescriptors, "layers are limited");
    for (const Descriptor& layer : manifest->layers) {
      promise(!layer.digest.empty(), "each layer has a digest");
      static_cast<void>(layer_compression(layer.media_type).has_value());
    }
    return;
  }
  const auto& index = std::get<Index>(*parsed);
  const Platform wanted{.os = "linux", .architecture = "amd64", .variant = {}};
  const Result<Descriptor> chosen = choose_platform(index, wanted);
  const bool is_listed =
      !chosen.has_value() || std::ranges::any_of(index.entries, [&](const IndexEntry& entry) {
        return entry.descriptor.digest == chosen->digest;
      });
  promise(is_listed, "the chosen image is one of the index's");
}

void fuzz_image_config(std::string_view bytes) {
  const Result<ImageConfig> config = parse_image_config(bytes);
  if (!config.has_value()) {
    promise(config.error().code == "CONFIG_INVALID", "a refused config has its code");
    return;
  }
  const auto is_line = [](const std::string& text) {
    return text.find('\n') == std::string::npos && text.find('\0') == std::string::npos;
  };
  promise(is_line(config->user) && is_line(config->working_dir), "user and directory are lines");
  promise(std::ranges::all_of(config->volumes, is_line), "volumes are lines");
  promise(std::ranges::all_of(config->env,
                              [](const std::string& entry) {
                                const size_t equals = entry.find('=');
                                return equals != 0 && equals != std::string::npos;
                              }),
          "variables have names");
}

void fuzz_store_index(std::string_view bytes) {
  const auto entries = parse_store_index(bytes);
  if (entries.has_value()) static_cast<void>(group_images(*entries).has_value());
}

void fuzz_registries(std::string_view bytes) {
  for (const char* registry : {"docker.io", "localhost:5000"}) {
    static_cast<void>(parse_registry_options(bytes, registry).has_value());
  }
}

void fuzz_oci_config(std::string_view bytes) {
  const Result<Json> json = parse_json(bytes);
  if (!json.has_value()) return;
  static_cast<void>(parse_oci_config(*json).has_value());
  static_cast<void>(parse_oci_process(*json).has_value());
}

}  // namespace ikada
