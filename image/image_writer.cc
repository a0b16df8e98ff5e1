#include "image/image_writer.h"

#include <algorithm>
#include <utility>

#include "image/placed_layer.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/json.h"

namespace ikada {
namespace {

constexpr std::string_view kDockerLayerPrefix = "application/vnd.docker.";

bool is_docker(const Descriptor& blob) { return blob.media_type.starts_with(kDockerLayerPrefix); }

bool is_all_docker(const std::vector<Descriptor>& layers) {
  return !layers.empty() && std::ranges::all_of(layers, is_docker);
}

Json descriptor_json(const Descriptor& blob, std::string_view media_type) {
  return {{"mediaType", media_type}, {"digest", blob.digest.text()}, {"size", blob.size_bytes}};
}

// Docker's name of a layer's type in a manifest of OCI's.
std::string oci_layer_type(const Descriptor& blob) {
  if (!is_docker(blob)) return blob.media_type;
  const bool is_gzip = blob.media_type.ends_with("gzip");
  return std::string(layer_media_type(is_gzip ? Compression::kGzip : Compression::kNone));
}

Result<Descriptor> write_blob(const ImageStore& store, std::string type, const std::string& text) {
  Descriptor blob{
      .media_type = std::move(type), .digest = Digest::of(text), .size_bytes = text.size()};
  IK_TRY(write_file_atomically(store.blob_path(blob.digest), text, 0600));
  return blob;
}

Result<std::uint64_t> unpacked_bytes(const ImageStore& store, const std::string& manifest_text) {
  IK_LET(parsed, parse_manifest(manifest_text, ""));
  const auto* manifest = std::get_if<Manifest>(&parsed);
  if (manifest == nullptr) return make_error(ErrorKind::kInternal, "an index is no image");
  std::uint64_t total = 0;
  for (const Descriptor& layer : manifest->layers) {
    IK_LET(bytes, layer_content_bytes(store, layer.digest));
    total += bytes;
  }
  return total;
}

struct WrittenImage {
  Descriptor config;
  Descriptor manifest;
  std::uint64_t size_bytes = 0;
};

Result<WrittenImage> write_texts(const ImageStore& store, const ImageTexts& texts) {
  IK_TRY(parse_image_config(texts.config).map([](auto&&) {}));
  IK_LET(size_bytes, unpacked_bytes(store, texts.manifest));
  IK_LET(config, write_blob(store, "", texts.config));
  IK_LET(manifest, write_blob(store, texts.manifest_type, texts.manifest));
  return WrittenImage{
      .config = std::move(config), .manifest = std::move(manifest), .size_bytes = size_bytes};
}

Result<ImageTexts> format_texts(const ImageToWrite& image) {
  if (image.config.diff_ids.size() != image.layers.size()) {
    return make_error(ErrorKind::kInternal,
                      "{} diff_ids for {} layers",
                      image.config.diff_ids.size(),
                      image.layers.size());
  }
  ImageTexts texts{
      .config = format_image_config(image.config), .manifest = "", .manifest_type = ""};
  const Descriptor config{
      .media_type = "", .digest = Digest::of(texts.config), .size_bytes = texts.config.size()};
  texts.manifest = format_manifest(config, image.layers);
  texts.manifest_type = is_all_docker(image.layers) ? kDockerManifestType : kOciManifestType;
  return texts;
}

}  // namespace

void add_layer(ImageToWrite& image, const WrittenLayer& layer, ImageHistory step) {
  step.empty_layer = false;
  image.layers.push_back(layer.blob);
  image.config.diff_ids.push_back(layer.diff_id.text());
  image.config.history.push_back(std::move(step));
}

Result<ImageToWrite> edit_image(const ImageStore& store, const StoredImage& base) {
  IK_LET(config, store.config(base));
  IK_LET(manifest, store.manifest(base));
  return ImageToWrite{.config = std::move(config), .layers = std::move(manifest.layers)};
}

std::string format_manifest(const Descriptor& config, const std::vector<Descriptor>& layers) {
  const bool docker = is_all_docker(layers);
  Json json = {{"schemaVersion", 2},
               {"mediaType", docker ? kDockerManifestType : kOciManifestType},
               {"config", descriptor_json(config, docker ? kDockerConfigType : kOciConfigType)},
               {"layers", Json::array()}};
  for (const Descriptor& layer : layers) {
    json["layers"].push_back(
        descriptor_json(layer, docker ? layer.media_type : oci_layer_type(layer)));
  }
  return json.dump();
}

Result<StoredImage> list_image(ImageStore& store,
                               const ImageTexts& texts,
                               const std::vector<std::string>& names) {
  IK_LET(written, write_texts(store, texts));
  const std::vector<std::string> nameless = {""};
  StoredImage image;
  for (const std::string& name : names.empty() ? nameless : names) {
    IK_LET(added,
           store.add({.manifest = written.manifest,
                      .config = written.config.digest,
                      .name = name,
                      .source_digest = "",
                      .size_bytes = written.size_bytes}));
    image = std::move(added.image);
  }
  return image;
}

Result<StoredImage> write_image(ImageStore& store, const ImageToWrite& image) {
  IK_LET(texts, format_texts(image));
  return list_image(store, texts, image.names);
}

Result<StoredImage> write_unlisted_image(const ImageStore& store, const ImageToWrite& image) {
  IK_LET(texts, format_texts(image));
  IK_LET(written, write_texts(store, texts));
  return StoredImage{.id = written.config.digest.text(),
                     .manifest_digest = written.manifest.digest.text(),
                     .size_bytes = written.size_bytes};
}

}  // namespace ikada
