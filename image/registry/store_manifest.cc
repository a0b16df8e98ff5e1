#include "image/registry/store_manifest.h"

#include <unistd.h>

namespace ikada::registry {
namespace {

PushedImage pushed_image(const ManifestPush& push, const ManifestContent& content) {
  PushedImage image{.user = push.user,
                    .repository = push.repository,
                    .tag = push.tag,
                    .digest = push.digest,
                    .media_type = content.media_type,
                    .artifact_type = content.artifact_type,
                    .size_bytes = 0,
                    .manifests = {},
                    .subject = content.subject.has_value() ? content.subject->text() : "",
                    .blobs = {},
                    .must_be_new = push.must_be_new};
  for (const ContentReference& each : content.references) {
    if (each.is_manifest) {
      image.manifests.push_back(each.digest.text());
    } else {
      image.blobs.push_back(each.digest.text());
      image.size_bytes += each.size_bytes;
    }
  }
  return image;
}

// Another manager may have what the client has pushed there.
void obtain_missing(Site& site, const std::string& repository, const ManifestContent& content) {
  for (const ContentReference& each : content.references) {
    const Layout& layout = site.layout();
    const std::string links =
        each.is_manifest ? layout.manifest_links(repository) : layout.blob_links(repository);
    if (::access((links + "/" + each.digest.text()).c_str(), F_OK) == 0) continue;
    // What is not to be had is told by put_manifest().
    static_cast<void>(site.keeper()->obtain(repository, each.digest, each.is_manifest).has_value());
  }
}

}  // namespace

Result<void> store_manifest(Site& site,
                            const RegistryConfig& config,
                            ManifestPush push,
                            const ManifestContent& content) {
  const std::string repository = push.repository;
  const std::uint64_t size = push.text.size();
  if (Keeper* const keeper = site.keeper()) {
    obtain_missing(site, repository, content);
    push.record = [keeper, image = pushed_image(push, content)] { return keeper->record(image); };
    push.tag.clear();
  } else {
    push.is_tag_immutable = !push.tag.empty() && is_immutable(config, repository, push.tag);
  }
  IK_TRY(site.quotas().reserve(config.quotas, repository, size));
  Result<void> put = put_manifest(site.layout(), push, content);
  site.quotas().settle(config.quotas, repository, size, put.has_value());
  return put;
}

}  // namespace ikada::registry
