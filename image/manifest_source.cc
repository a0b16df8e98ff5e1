#include "image/manifest_source.h"

#include "image/config.h"
#include "image/registry_client.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

void read_platform(const ImageConfig& config, ListedManifest& listed) {
  listed.platform = {
      .os = config.os, .architecture = config.architecture, .variant = config.variant};
}

// Nothing if the name means no image here.
Result<std::vector<ListedManifest>> find_in_store(const ImageStore& store,
                                                  const Reference& reference) {
  std::vector<ListedManifest> found;
  IK_LET(entries, store.names());
  for (const IndexedImage& entry : entries) {
    if (entry.name != reference.canonical()) continue;
    ListedManifest listed;
    listed.descriptor = entry.manifest;
    listed.source = reference.canonical();
    listed.is_local = true;
    IK_LET(manifest, read_file(store.blob_path(entry.manifest.digest), kMaxManifestBytes));
    listed.text = std::move(manifest);
    IK_LET(config, store.config({.id = entry.image_id.text()}));
    read_platform(config, listed);
    found.push_back(std::move(listed));
  }
  return found;
}

Result<ListedManifest> list_fetched(RegistryClient& client,
                                    const Reference& reference,
                                    FetchedManifest fetched,
                                    const Manifest& manifest) {
  ListedManifest listed;
  listed.descriptor = {.media_type = manifest.media_type,
                       .digest = fetched.digest,
                       .size_bytes = fetched.body.size()};
  listed.source = reference.canonical();
  listed.text = std::move(fetched.body);
  IK_LET(text, client.fetch_small_blob(manifest.config));
  IK_LET(config, parse_image_config(text));
  read_platform(config, listed);
  return listed;
}

// What the index says of the platform counts more than what the image says of itself.
Result<ListedManifest> fetch_entry(RegistryClient& client,
                                   Reference reference,
                                   const IndexEntry& entry) {
  reference.tag.clear();
  reference.digest = entry.descriptor.digest.text();
  IK_LET(fetched, client.fetch_manifest(reference.digest));
  IK_LET(parsed, parse_manifest(fetched.body, fetched.media_type));
  if (!std::holds_alternative<Manifest>(parsed)) {
    return make_error(ErrorKind::kInvalid, "{} is an index in an index", reference.digest);
  }
  IK_LET(listed, list_fetched(client, reference, std::move(fetched), std::get<Manifest>(parsed)));
  if (entry.platform.has_value()) listed.platform = *entry.platform;
  return listed;
}

Result<std::vector<ListedManifest>> find_in_registry(const Reference& reference,
                                                     const ManifestSearch& search) {
  IK_LET(options, search.registry_options(reference.registry));
  IK_LET(client, RegistryClient::create(reference, std::move(options)));
  IK_LET(fetched,
         client->fetch_manifest(reference.digest.empty() ? reference.tag : reference.digest));
  IK_LET(parsed, parse_manifest(fetched.body, fetched.media_type));
  std::vector<ListedManifest> found;
  if (const auto* manifest = std::get_if<Manifest>(&parsed)) {
    IK_LET(listed, list_fetched(*client, reference, std::move(fetched), *manifest));
    found.push_back(std::move(listed));
    return found;
  }
  const auto& index = std::get<Index>(parsed);
  Descriptor chosen;
  if (!search.all_platforms) {
    IK_LET(fitting, choose_platform(index, host_platform()));
    chosen = std::move(fitting);
  }
  for (const IndexEntry& entry : index.entries) {
    if (!search.all_platforms && entry.descriptor.digest != chosen.digest) continue;
    // Provenance belongs to the index it was made for.
    if (entry.is_attestation) continue;
    IK_LET(listed, fetch_entry(*client, reference, entry));
    found.push_back(std::move(listed));
  }
  return found;
}

}  // namespace

Result<std::vector<ListedManifest>> find_manifests(const ImageStore& store,
                                                   const Reference& reference,
                                                   const ManifestSearch& search) {
  if (!search.all_platforms && !search.asks_registry) {
    IK_LET(found, find_in_store(store, reference));
    if (!found.empty()) return found;
  }
  return find_in_registry(reference, search);
}

}  // namespace ikada
