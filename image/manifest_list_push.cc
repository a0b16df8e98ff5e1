#include "image/manifest_list_push.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "image/push_blobs.h"
#include "image/registry_client.h"
#include "image/registry_push.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// A blob of another registry, in a file that nobody else sees; checked.
Result<UniqueFd> fetch_into_file(RegistryClient& client,
                                 const Descriptor& blob,
                                 const std::string& directory) {
  IK_LET(fd, open_file(directory, O_RDWR | O_TMPFILE, 0600));
  Sha256 hash;
  IK_TRY(client.fetch_blob(blob, 0, [&](std::string_view bytes) {
    hash.update(bytes);
    return write_all(fd.get(), bytes);
  }));
  if (hash.finish() == blob.digest) return fd;
  Error error = make_error(ErrorKind::kInvalid, "blob {}: digest mismatch", blob.digest.text());
  error.code = "DIGEST_MISMATCH";
  return error;
}

class ListPush {
 public:
  ListPush(const ImageStore& store, const Reference& target, RegistryPush& registry)
      : store_(store), target_(target), registry_(registry) {}

  // `source` speaks to the registry that the image is in; null if it is here.
  Result<void> push(const ListedManifest& image, RegistryClient* source) {
    const Digest& digest = image.descriptor.digest;
    IK_LET(present, registry_.has_manifest(digest));
    if (present) return {};
    IK_LET(parsed, parse_manifest(image.text, image.descriptor.media_type));
    if (!std::holds_alternative<Manifest>(parsed)) {
      return make_error(ErrorKind::kInvalid, "{} is no image", digest.text());
    }
    const auto& manifest = std::get<Manifest>(parsed);
    std::vector<Descriptor> wanted = manifest.layers;
    wanted.push_back(manifest.config);
    std::vector<BlobToPush> blobs;
    blobs.reserve(wanted.size());
    for (const Descriptor& blob : wanted) {
      blobs.push_back({.blob = blob, .open = [this, blob, source] { return open(blob, source); }});
    }
    const PushContext context{.registry = registry_,
                              .target = target_,
                              .store_root = store_.root(),
                              .find_sources = [&] { return sources_of(image, wanted); },
                              .progress = [](const PushProgress&) {}};
    IK_TRY(push_blobs(context, blobs));
    return registry_.put_manifest(image.text, image.descriptor.media_type, digest.text());
  }

 private:
  Result<UniqueFd> open(const Descriptor& blob, RegistryClient* source) const {
    Result<UniqueFd> here = open_file(store_.blob_path(blob.digest), O_RDONLY);
    if (here.has_value() || source == nullptr) return here;
    return fetch_into_file(*source, blob, store_.root() + "/images/partial");
  }

  Result<MountSources> sources_of(const ListedManifest& image,
                                  const std::vector<Descriptor>& blobs) const {
    IK_LET(sources, find_mount_sources(store_, target_));
    IK_LET(reference, parse_reference(image.source));
    const bool is_there = !image.is_local && reference.registry == target_.registry &&
                          reference.repository != target_.repository;
    if (!is_there) return sources;
    for (const Descriptor& blob : blobs) {
      std::vector<std::string>& of_blob = sources[blob.digest.text()];
      std::erase(of_blob, reference.repository);
      of_blob.insert(of_blob.begin(), reference.repository);
    }
    return sources;
  }

  const ImageStore& store_;
  const Reference& target_;
  RegistryPush& registry_;
};

}  // namespace

Result<std::string> push_manifest_list(
    const ImageStore& store,
    const ManifestList& list,
    const Reference& target,
    const std::function<Result<RegistryOptions>(const std::string& registry)>& registry_options) {
  IK_LET(index, format_index(list));
  // Nothing is collected while we send it.
  IK_LET(pulling, store.begin_pull());
  IK_LET(options, registry_options(target.registry));
  IK_LET(registry, RegistryPush::create(target, std::move(options)));
  ListPush push(store, target, *registry);
  for (const ListedManifest& image : list.manifests) {
    std::unique_ptr<RegistryClient> source;
    if (!image.is_local) {
      IK_LET(reference, parse_reference(image.source));
      IK_LET(source_options, registry_options(reference.registry));
      IK_LET(client, RegistryClient::create(reference, std::move(source_options)));
      source = std::move(client);
    }
    IK_TRY(push.push(image, source.get()).context("{}", image.source));
  }
  IK_TRY(registry->put_manifest(index.text, index.media_type, target.tag));
  return Digest::of(index.text).text();
}

}  // namespace ikada
