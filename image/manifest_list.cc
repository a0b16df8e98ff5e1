#include "image/manifest_list.h"

#include <algorithm>

#include "runtime/base/json.h"

namespace ikada {
namespace {

constexpr int kIndent = 3;
constexpr size_t kMaxListBytes = size_t{64} << 20;

std::string print(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json platform_json(const ListedManifest& manifest) {
  Json platform = {{"architecture", manifest.platform.architecture}, {"os", manifest.platform.os}};
  if (!manifest.platform.variant.empty()) platform["variant"] = manifest.platform.variant;
  if (!manifest.os_version.empty()) platform["os.version"] = manifest.os_version;
  if (!manifest.os_features.empty()) platform["os.features"] = manifest.os_features;
  return platform;
}

Json entry_json(const ListedManifest& manifest) {
  Json entry = {{"mediaType", manifest.descriptor.media_type},
                {"digest", manifest.descriptor.digest.text()},
                {"size", manifest.descriptor.size_bytes},
                {"platform", platform_json(manifest)}};
  if (!manifest.annotations.empty()) entry["annotations"] = manifest.annotations;
  return entry;
}

Result<ListedManifest> read_listed(JsonReader& reader) {
  ListedManifest manifest;
  std::string digest;
  reader.require("mediaType", manifest.descriptor.media_type);
  reader.require("digest", digest);
  reader.require("size", manifest.descriptor.size_bytes);
  JsonReader platform = reader.object("platform");
  platform.read("architecture", manifest.platform.architecture);
  platform.read("os", manifest.platform.os);
  platform.read("variant", manifest.platform.variant);
  platform.read("os.version", manifest.os_version);
  platform.read("os.features", manifest.os_features);
  reader.read("annotations", manifest.annotations);
  reader.require("source", manifest.source);
  reader.require("local", manifest.is_local);
  reader.require("manifest", manifest.text);
  IK_TRY(reader.done());
  IK_LET(parsed, Digest::parse(digest).context("manifest list"));
  manifest.descriptor.digest = std::move(parsed);
  return manifest;
}

}  // namespace

void ManifestList::put(ListedManifest manifest) {
  ListedManifest* const same = find(manifest.descriptor.digest.text());
  if (same != nullptr) {
    *same = std::move(manifest);
  } else {
    manifests.push_back(std::move(manifest));
  }
}

ListedManifest* ManifestList::find(std::string_view digest_or_reference) {
  const auto found = std::ranges::find_if(manifests, [&](const ListedManifest& manifest) {
    return manifest.descriptor.digest.text() == digest_or_reference ||
           manifest.source == digest_or_reference;
  });
  return found == manifests.end() ? nullptr : &*found;
}

Result<IndexText> format_index(const ManifestList& list) {
  Json entries = Json::array();
  bool is_docker = !list.manifests.empty();
  for (const ListedManifest& manifest : list.manifests) {
    if (manifest.platform.os.empty() || manifest.platform.architecture.empty()) {
      return make_error(ErrorKind::kInvalid,
                        "manifest {} must have an OS and architecture to be pushed to a registry",
                        manifest.source);
    }
    is_docker = is_docker && manifest.annotations.empty() &&
                manifest.descriptor.media_type == kDockerManifestType;
    entries.push_back(entry_json(manifest));
  }
  const std::string media_type(is_docker ? kDockerListType : kOciIndexType);
  const Json index = {
      {"schemaVersion", 2}, {"mediaType", media_type}, {"manifests", std::move(entries)}};
  return IndexText{.media_type = media_type, .text = print(index, kIndent)};
}

std::string format_manifest_list(const ManifestList& list) {
  Json entries = Json::array();
  for (const ListedManifest& manifest : list.manifests) {
    Json entry = entry_json(manifest);
    entry["source"] = manifest.source;
    entry["local"] = manifest.is_local;
    entry["manifest"] = manifest.text;
    entries.push_back(std::move(entry));
  }
  return print({{"name", list.name}, {"manifests", std::move(entries)}}, -1);
}

Result<ManifestList> parse_manifest_list(std::string_view text) {
  IK_LET(json, parse_json(text, {.max_bytes = kMaxListBytes}).context("manifest list"));
  JsonReader reader(json, "manifest list");
  ManifestList list;
  reader.require("name", list.name);
  for (JsonReader& item : reader.objects("manifests")) {
    IK_LET(manifest, read_listed(item));
    list.manifests.push_back(std::move(manifest));
  }
  IK_TRY(reader.done());
  return list;
}

}  // namespace ikada
