#include "image/store_index.h"

#include <algorithm>
#include <map>

#include "runtime/base/json.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

constexpr std::string_view kName = "org.opencontainers.image.ref.name";
constexpr std::string_view kImageId = "ikada.image-id";
constexpr std::string_view kSourceDigest = "ikada.source-digest";
constexpr std::string_view kSizeBytes = "ikada.unpacked-bytes";

std::string value_of(const std::map<std::string, std::string>& annotations, std::string_view key) {
  const auto found = annotations.find(std::string(key));
  return found == annotations.end() ? "" : found->second;
}

bool has_image(const std::vector<IndexedImage>& entries, const Digest& id) {
  return std::any_of(entries.begin(), entries.end(), [&](const IndexedImage& entry) {
    return entry.image_id == id;
  });
}

}  // namespace

Result<std::vector<IndexedImage>> parse_store_index(std::string_view text) {
  IK_LET(json, parse_json(text, {.max_bytes = size_t{64} << 20}).context("index.json"));
  JsonReader reader(json, "index.json");
  std::vector<IndexedImage> images;
  for (JsonReader& item : reader.objects("manifests")) {
    std::map<std::string, std::string> annotations;
    item.read("annotations", annotations);
    if (value_of(annotations, kImageId).empty()) continue;
    IndexedImage image;
    std::string digest;
    item.require("mediaType", image.manifest.media_type);
    item.require("size", image.manifest.size_bytes);
    item.require("digest", digest);
    IK_TRY(item.done());
    IK_LET(manifest, Digest::parse(digest).context("index.json"));
    IK_LET(id, Digest::parse(value_of(annotations, kImageId)).context("index.json"));
    IK_LET(size, parse_unsigned(value_of(annotations, kSizeBytes)).context("index.json"));
    image.manifest.digest = manifest;
    image.image_id = id;
    image.name = value_of(annotations, kName);
    image.source_digest = value_of(annotations, kSourceDigest);
    image.size_bytes = size;
    images.push_back(std::move(image));
  }
  IK_TRY(reader.done());
  return images;
}

std::string format_store_index(const std::vector<IndexedImage>& images) {
  Json manifests = Json::array();
  for (const IndexedImage& image : images) {
    Json annotations = {{kImageId, image.image_id.text()},
                        {kSizeBytes, std::to_string(image.size_bytes)}};
    if (!image.name.empty()) annotations[std::string(kName)] = image.name;
    if (!image.source_digest.empty()) {
      annotations[std::string(kSourceDigest)] = image.source_digest;
    }
    manifests.push_back({{"mediaType", image.manifest.media_type},
                         {"digest", image.manifest.digest.text()},
                         {"size", image.manifest.size_bytes},
                         {"annotations", std::move(annotations)}});
  }
  const Json index = {
      {"schemaVersion", 2}, {"mediaType", kOciIndexType}, {"manifests", std::move(manifests)}};
  return index.dump();
}

std::string repository_of(std::string_view canonical) {
  const size_t at = canonical.find('@');
  const std::string_view name = canonical.substr(0, at);
  if (at != std::string_view::npos) return std::string(name);
  return std::string(name.substr(0, name.rfind(':')));
}

Result<std::vector<StoredImage>> group_images(const std::vector<IndexedImage>& entries) {
  std::vector<StoredImage> images;
  std::map<std::string, size_t> places;
  for (const IndexedImage& entry : entries) {
    const auto [place, is_new] = places.emplace(entry.image_id.text(), images.size());
    if (is_new) {
      images.push_back({.id = entry.image_id.text(),
                        .manifest_digest = entry.manifest.digest.text(),
                        .size_bytes = entry.size_bytes});
    }
    StoredImage& image = images[place->second];
    if (entry.name.empty()) continue;
    if (entry.name.find('@') == std::string::npos) image.references.push_back(entry.name);
    if (entry.source_digest.empty()) continue;
    const std::string by_digest = repository_of(entry.name) + "@" + entry.source_digest;
    if (std::find(image.repo_digests.begin(), image.repo_digests.end(), by_digest) ==
        image.repo_digests.end()) {
      image.repo_digests.push_back(by_digest);
    }
  }
  return images;
}

bool add_entry(std::vector<IndexedImage>& entries, IndexedImage added) {
  bool changed = true;
  std::vector<IndexedImage> kept;
  std::vector<IndexedImage> nameless;
  for (IndexedImage& entry : entries) {
    const bool same_image = entry.image_id == added.image_id;
    if (!added.name.empty() && entry.name == added.name) {
      changed = !same_image || entry.source_digest != added.source_digest;
      entry.name.clear();
      entry.source_digest.clear();
      nameless.push_back(std::move(entry));
    } else if (!(same_image && entry.name.empty())) {
      kept.push_back(std::move(entry));
    }
  }
  // An image with a name needs no entry without one.
  if (!added.name.empty() || !has_image(kept, added.image_id)) kept.push_back(std::move(added));
  for (IndexedImage& entry : nameless) {
    if (!has_image(kept, entry.image_id)) kept.push_back(std::move(entry));
  }
  entries = std::move(kept);
  return changed;
}

Digest remove_name(std::vector<IndexedImage>& entries, std::string_view name) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const IndexedImage& entry) {
    return entry.name == name;
  });
  if (name.empty() || found == entries.end()) return {};
  Digest id = found->image_id;
  entries.erase(found);
  return id;
}

}  // namespace ikada
