#include "image/manifest.h"

#include <algorithm>
#include <array>

#include "image/key_case.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

// No blob is larger than this; it keeps sums of sizes far away from overflow.
constexpr std::uint64_t kMaxBlobBytes = std::uint64_t{1} << 50;
constexpr int kSchemaVersion = 2;

struct LayerType {
  std::string_view media_type;
  Compression compression;
};

constexpr std::array kLayerTypes = {
    LayerType{"application/vnd.oci.image.layer.v1.tar", Compression::kNone},
    LayerType{"application/vnd.oci.image.layer.v1.tar+gzip", Compression::kGzip},
    LayerType{"application/vnd.oci.image.layer.v1.tar+zstd", Compression::kZstd},
    LayerType{"application/vnd.docker.image.rootfs.diff.tar", Compression::kNone},
    LayerType{"application/vnd.docker.image.rootfs.diff.tar.gzip", Compression::kGzip},
    LayerType{"application/vnd.docker.image.rootfs.diff.tar.zstd", Compression::kZstd},
};

constexpr std::array<std::string_view, 14> kManifestFields = {"schemaVersion",
                                                              "mediaType",
                                                              "config",
                                                              "layers",
                                                              "manifests",
                                                              "fsLayers",
                                                              "artifactType",
                                                              "digest",
                                                              "size",
                                                              "platform",
                                                              "annotations",
                                                              "os",
                                                              "architecture",
                                                              "variant"};

Error manifest_error(std::string_view code, std::string_view why) {
  Error error = make_error(ErrorKind::kInvalid, "manifest: {}", why);
  error.code = code;
  return error;
}

Error invalid_manifest(std::string_view why) { return manifest_error("MANIFEST_INVALID", why); }

bool is_manifest_type(std::string_view type) {
  return type == kOciManifestType || type == kDockerManifestType;
}

bool is_index_type(std::string_view type) {
  return type == kOciIndexType || type == kDockerListType;
}

bool is_schema1_type(std::string_view type) {
  return type.starts_with("application/vnd.docker.distribution.manifest.v1+");
}

Result<Descriptor> read_descriptor(JsonReader reader) {
  Descriptor descriptor;
  std::string digest;
  reader.require("mediaType", descriptor.media_type);
  reader.require("digest", digest);
  reader.require("size", descriptor.size_bytes);
  const Result<void> read = reader.done();
  if (!read.has_value()) return invalid_manifest(read.error().message);
  if (descriptor.size_bytes > kMaxBlobBytes)
    return invalid_manifest("a descriptor's size is out of range");
  IK_LET(valid, Digest::parse(digest).context("manifest"));
  descriptor.digest = std::move(valid);
  return descriptor;
}

Result<std::vector<JsonReader>> read_array(JsonReader& reader, std::string_view key) {
  std::vector<JsonReader> items = reader.objects(key);
  const Result<void> read = reader.done();
  if (!read.has_value()) return invalid_manifest(read.error().message);
  if (items.size() > kMaxDescriptors) {
    return invalid_manifest(fmt::format("more than {} {}", kMaxDescriptors, key));
  }
  return items;
}

Result<Manifest> read_manifest(JsonReader& reader, std::string_view media_type) {
  Manifest manifest;
  manifest.media_type = media_type;
  reader.read("artifactType", manifest.artifact_type);
  if (!reader.has("config")) return invalid_manifest("config: missing");
  IK_LET(config, read_descriptor(reader.object("config")));
  manifest.config = std::move(config);
  IK_LET(layers, read_array(reader, "layers"));
  for (JsonReader& layer : layers) {
    IK_LET(descriptor, read_descriptor(std::move(layer)));
    manifest.layers.push_back(std::move(descriptor));
  }
  return manifest;
}

Result<IndexEntry> read_index_entry(JsonReader reader) {
  IndexEntry entry;
  IK_LET(descriptor, read_descriptor(reader));
  entry.descriptor = std::move(descriptor);
  std::map<std::string, std::string> annotations;
  reader.read("annotations", annotations);
  // Source: BuildKit, attestation-storage.md.
  entry.is_attestation = annotations.contains("vnd.docker.reference.type");
  if (reader.has("platform")) {
    Platform platform;
    JsonReader fields = reader.object("platform");
    fields.read("os", platform.os);
    fields.read("architecture", platform.architecture);
    fields.read("variant", platform.variant);
    entry.platform = normalize_platform(platform);
  }
  const Result<void> read = reader.done();
  if (!read.has_value()) return invalid_manifest(read.error().message);
  return entry;
}

Result<Index> read_index_fields(JsonReader& reader, std::string_view media_type) {
  Index index;
  index.media_type = media_type;
  IK_LET(entries, read_array(reader, "manifests"));
  for (JsonReader& item : entries) {
    IK_LET(entry, read_index_entry(std::move(item)));
    index.entries.push_back(std::move(entry));
  }
  return index;
}

// The one type that content, "mediaType" and Content-Type agree on.
Result<std::string> agreed_type(JsonReader& reader, std::string_view content_type) {
  std::string declared;
  reader.read("mediaType", declared);
  const Result<void> read = reader.done();
  if (!read.has_value()) return invalid_manifest(read.error().message);
  // A parameter such as "; charset=utf-8" says nothing about the kind.
  const std::string_view bare_type = trim(cut(content_type, ';').before);
  const bool generic = bare_type.empty() || bare_type == "application/json" ||
                       bare_type == "text/plain" || bare_type == "application/octet-stream";
  const std::string_view transported = generic ? std::string_view() : bare_type;
  if (!declared.empty() && !transported.empty() && declared != transported) {
    return manifest_error(
        "MANIFEST_AMBIGUOUS",
        fmt::format("it calls itself {} but was sent as {}", declared, transported));
  }
  if (!declared.empty()) return declared;
  if (!transported.empty()) return std::string(transported);
  return std::string(reader.has("manifests") ? kOciIndexType : kOciManifestType);
}

Result<void> check_manifest_keys(const Json& object) {
  const Result<void> checked = check_key_case(object, kManifestFields);
  return checked.has_value() ? checked
                             : manifest_error("MANIFEST_AMBIGUOUS", checked.error().message);
}

// Of the manifest, of its descriptors and of their platforms.
Result<void> check_all_keys(const Json& manifest) {
  IK_TRY(check_manifest_keys(manifest));
  if (const auto config = manifest.find("config"); config != manifest.end()) {
    IK_TRY(check_manifest_keys(*config));
  }
  for (const char* list : {"layers", "manifests"}) {
    const auto found = manifest.find(list);
    if (found == manifest.end() || !found->is_array()) continue;
    for (const Json& descriptor : *found) {
      IK_TRY(check_manifest_keys(descriptor));
      if (!descriptor.is_object() || !descriptor.contains("platform")) continue;
      IK_TRY(check_manifest_keys(descriptor.at("platform")));
    }
  }
  return {};
}

bool is_schema1(const JsonReader& reader, std::int64_t version, std::string_view content_type) {
  return version == 1 || reader.has("fsLayers") || is_schema1_type(content_type);
}

}  // namespace

Result<Compression> layer_compression(std::string_view media_type) {
  const auto* const found = std::ranges::find(kLayerTypes, media_type, &LayerType::media_type);
  if (found != kLayerTypes.end()) return found->compression;
  if (media_type.find("nondistributable") != std::string_view::npos ||
      media_type.find("foreign") != std::string_view::npos) {
    Error error =
        make_error(ErrorKind::kInvalid, "layer of type {} lies outside the registry", media_type);
    error.code = "FOREIGN_LAYER_REFUSED";
    return error;
  }
  Error error =
      make_error(ErrorKind::kInvalid, "layer of unsupported type '{}'", media_type.substr(0, 100));
  error.code = "LAYER_UNSUPPORTED";
  return error;
}

Result<void> check_is_image(const Manifest& manifest) {
  const std::string& type = manifest.config.media_type;
  // The last is what registries made of Docker's images before it had types.
  const bool fits =
      type == kOciConfigType || type == kDockerConfigType || type == "application/octet-stream";
  if (fits && manifest.artifact_type.empty()) return {};
  Error error =
      make_error(ErrorKind::kInvalid,
                 "not an image, but an artifact of type '{}'",
                 (manifest.artifact_type.empty() ? type : manifest.artifact_type).substr(0, 100));
  error.code = "NOT_AN_IMAGE";
  return error;
}

Result<ManifestOrIndex> parse_manifest(std::string_view text, std::string_view content_type) {
  if (text.size() > kMaxManifestBytes) {
    return manifest_error("MANIFEST_TOO_LARGE",
                          fmt::format("larger than {} bytes", kMaxManifestBytes));
  }
  const Result<Json> json = parse_json(text, {.max_bytes = kMaxManifestBytes});
  if (!json.has_value()) return invalid_manifest(json.error().message);
  if (!json->is_object()) return invalid_manifest("expected an object");
  IK_TRY(check_all_keys(*json));
  JsonReader reader(*json, "content");
  std::int64_t version = 0;
  reader.read("schemaVersion", version);
  if (is_schema1(reader, version, content_type)) {
    return invalid_manifest(
        "Docker's image format of 2015 (schema 1) is not supported; push it anew");
  }
  IK_LET(type, agreed_type(reader, content_type));
  if (version != kSchemaVersion) return invalid_manifest("schemaVersion: expected 2");
  const bool has_layers = json->contains("layers") || json->contains("config");
  const bool has_manifests = json->contains("manifests");
  if (has_layers && has_manifests) {
    return manifest_error("MANIFEST_AMBIGUOUS", "it has both layers and manifests");
  }
  if (is_manifest_type(type)) {
    if (has_manifests)
      return manifest_error("MANIFEST_AMBIGUOUS", "a manifest that lists manifests");
    IK_LET(manifest, read_manifest(reader, type));
    return ManifestOrIndex(std::move(manifest));
  }
  if (is_index_type(type)) {
    if (has_layers) return manifest_error("MANIFEST_AMBIGUOUS", "an index that has layers");
    IK_LET(index, read_index_fields(reader, type));
    return ManifestOrIndex(std::move(index));
  }
  return invalid_manifest(fmt::format("unsupported type '{}'", type.substr(0, 100)));
}

Result<Descriptor> choose_platform(const Index& index, const Platform& wanted) {
  const IndexEntry* best = nullptr;
  int best_distance = 0;
  std::vector<std::string> offered;
  for (const IndexEntry& entry : index.entries) {
    if (entry.is_attestation) continue;
    if (!entry.platform.has_value()) continue;
    offered.push_back(entry.platform->text());
    const std::optional<int> distance = platform_distance(wanted, *entry.platform);
    if (!distance.has_value() || (best != nullptr && *distance >= best_distance)) continue;
    best = &entry;
    best_distance = *distance;
  }
  if (best != nullptr) return best->descriptor;
  if (index.entries.size() == 1 && !index.entries.front().platform.has_value()) {
    return index.entries.front().descriptor;
  }
  constexpr size_t kMostShown = 20;
  if (offered.size() > kMostShown) offered.resize(kMostShown);
  Error error = make_error(ErrorKind::kNotFound,
                           "no image for {}; there is {}",
                           wanted.text(),
                           offered.empty() ? "none at all" : join(offered, ", "));
  error.code = "PLATFORM_NOT_FOUND";
  return error;
}

}  // namespace ikada
