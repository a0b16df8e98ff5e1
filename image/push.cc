#include "image/push.h"

#include <algorithm>

#include "image/platform.h"
#include "image/push_blobs.h"
#include "image/registry_push.h"
#include "image/upload_record.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

Result<IndexedImage> find_tagged(const ImageStore& store, const Reference& target) {
  IK_LET(entries, store.names());
  const std::string name = target.canonical();
  const auto found = std::ranges::find(entries, name, &IndexedImage::name);
  if (found != entries.end()) return *found;
  return make_error(
      ErrorKind::kNotFound, "An image does not exist locally with the tag: {}", target.familiar());
}

Result<void> check_platform(const ImageStore& store,
                            const IndexedImage& image,
                            const std::string& platform) {
  if (platform.empty()) return {};
  IK_LET(wanted, parse_platform(platform));
  IK_LET(config, store.config({.id = image.image_id.text()}));
  const Platform offered = normalize_platform(
      {.os = config.os, .architecture = config.architecture, .variant = config.variant});
  if (platform_distance(wanted, offered).has_value()) return {};
  Error error = make_error(
      ErrorKind::kNotFound, "image is for {}, not for {}", offered.text(), wanted.text());
  error.code = "PLATFORM_NOT_FOUND";
  return error;
}

}  // namespace

Result<PushResult> push_image(ImageStore& store,
                              const Reference& target,
                              const PushOptions& options) {
  // Nothing is collected while we send it.
  IK_LET(pulling, store.begin_pull());
  IK_LET(image, find_tagged(store, target));
  IK_TRY(check_platform(store, image, options.platform));
  const Digest& digest = image.manifest.digest;
  IK_LET(text, read_file(store.blob_path(digest), kMaxManifestBytes));
  IK_LET(manifest, store.manifest({.manifest_digest = digest.text()}));
  IK_TRY(remove_stale_upload_records(store.root()));

  std::vector<BlobToPush> blobs;
  const auto add_blob = [&](const Descriptor& blob, bool is_shown) {
    std::string path = store.blob_path(blob.digest);
    blobs.push_back({.blob = blob,
                     .open = [path = std::move(path)] { return open_file(path, O_RDONLY); },
                     .is_shown = is_shown});
  };
  for (const Descriptor& layer : manifest.layers) add_blob(layer, true);
  add_blob(manifest.config, false);

  IK_LET(registry, RegistryPush::create(target, options.registry));
  const PushContext context{.registry = *registry,
                            .target = target,
                            .store_root = store.root(),
                            .find_sources = [&] { return find_mount_sources(store, target); },
                            .progress =
                                [&](const PushProgress& progress) {
                                  if (options.progress) options.progress(progress);
                                }};
  IK_TRY(push_blobs(context, blobs));
  IK_TRY(registry->put_manifest(text, image.manifest.media_type, target.tag));
  IK_TRY(store.note_pushed(target, digest));
  return PushResult{.digest = digest.text(), .size_bytes = text.size()};
}

}  // namespace ikada
