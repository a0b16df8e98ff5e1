#include "image/registry/manifest_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/reference.h"
#include "image/registry/blob_store.h"
#include "image/registry/failure.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada::registry {
namespace {

constexpr int kAttempts = 5;
constexpr mode_t kFileMode = 0600;
constexpr size_t kMaxDigestBytes = 200;

Error unknown_manifest(std::string_view reference) {
  return api_error(kManifestUnknown, "manifest {} is not in this repository", reference);
}

// Whether what a manifest refers to is in the repository, with the size it says.
Result<void> check_reference(const Layout& layout,
                             const std::string& repository,
                             const ContentReference& reference) {
  const std::string& digest = reference.digest.text();
  struct stat status {};
  const std::string manifest = layout.manifest_links(repository) + "/" + digest;
  const std::string blob = layout.blob_links(repository) + "/" + digest;
  const std::string& first = reference.is_manifest ? manifest : blob;
  const std::string& second = reference.is_manifest ? blob : manifest;
  if (::stat(first.c_str(), &status) != 0 && ::stat(second.c_str(), &status) != 0) {
    return api_error(kManifestBlobUnknown, "{} is not in this repository", digest);
  }
  if (static_cast<std::uint64_t>(status.st_size) == reference.size_bytes) return {};
  return api_error(kManifestInvalid,
                   "manifest: {} has {} bytes, not {}",
                   digest,
                   status.st_size,
                   reference.size_bytes);
}

// The directory's shared lock; the repository is made if it is not there.
Result<UniqueFd> lock_for_push(const Layout& layout, const std::string& repository) {
  for (int i = 0; i < kAttempts; ++i) {
    Result<UniqueFd> lock = layout.lock_shared(repository);
    if (lock.has_value() || lock.error().kind != ErrorKind::kNotFound) return lock;
    IK_TRY(layout.create_repository(repository));
  }
  return make_error(ErrorKind::kInternal, "repository {}: gave up", repository);
}

// A new file with this content, on disk; the caller removes it.
Result<void> write_staged(const std::string& path, std::string_view content) {
  IK_LET(fd, open_file(path, O_WRONLY | O_CREAT | O_EXCL, kFileMode));
  Result<void> written = write_all(fd.get(), content).context("write {}", path);
  if (written.has_value() && ::fsync(fd.get()) != 0) written = errno_error("fsync {}", path);
  if (!written.has_value()) ::unlink(path.c_str());
  return written;
}

Result<void> store_text(const Layout& layout, const ManifestPush& push) {
  const std::string staged = layout.staging_file();
  IK_TRY(write_staged(staged, push.text));
  const Result<bool> adopted = adopt_manifest(layout, staged, push.repository, push.digest);
  ::unlink(staged.c_str());
  if (!adopted.has_value()) return adopted.error();
  return {};
}

Result<void> store_referrer(const Layout& layout,
                            const ManifestPush& push,
                            const ManifestContent& content) {
  if (!content.subject.has_value()) return {};
  const std::string parent = layout.referrers(push.repository);
  const std::string directory = layout.referrers(push.repository, *content.subject);
  if (::mkdir(directory.c_str(), 0700) == 0) {
    IK_TRY(sync_directory(parent));
  } else if (errno != EEXIST) {
    return errno_error("mkdir {}", directory);
  }
  const Json descriptor = referrer_descriptor(content, push.digest, push.text.size());
  return write_file_atomically(
      directory + "/" + push.digest.text(), descriptor.dump() + "\n", kFileMode);
}

Error immutable_tag(std::string_view tag) { return api_error(kDenied, "tag {} is immutable", tag); }

Result<void> check_immutable(const Layout& layout, const ManifestPush& push) {
  if (push.tag.empty() || !push.is_tag_immutable) return {};
  const Result<ContentDigest> now = resolve_tag(layout, push.repository, push.tag);
  if (!now.has_value() || *now == push.digest) return {};
  return immutable_tag(push.tag);
}

Result<void> store_tag(const Layout& layout, const ManifestPush& push) {
  if (push.tag.empty()) return {};
  const std::string directory = layout.tags(push.repository);
  const std::string path = directory + "/" + push.tag;
  const std::string staged = layout.staging_file();
  IK_TRY(write_staged(staged, push.digest.text()));
  Result<void> placed;
  if (push.is_tag_immutable) {
    // link(2) replaces nothing: of two who push at once, one is first.
    if (::link(staged.c_str(), path.c_str()) != 0) {
      placed = errno == EEXIST ? check_immutable(layout, push)
                               : Result<void>(errno_error("link {}", path));
    }
    ::unlink(staged.c_str());
  } else if (::rename(staged.c_str(), path.c_str()) != 0) {
    placed = errno_error("rename {}", path);
    ::unlink(staged.c_str());
  }
  IK_TRY(std::move(placed));
  return sync_directory(directory);
}

// The tags that name a manifest.
Result<std::vector<std::string>> tags_of(const Layout& layout,
                                         const std::string& repository,
                                         const ContentDigest& digest) {
  IK_LET(names, list_directory(layout.tags(repository)));
  std::erase_if(names, [&](const std::string& tag) {
    const Result<ContentDigest> named = resolve_tag(layout, repository, tag);
    return !named.has_value() || *named != digest;
  });
  return names;
}

Result<void> unlink_if_there(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("unlink {}", path);
  return {};
}

Result<UniqueFd> lock_for_delete(const Layout& layout,
                                 const std::string& repository,
                                 const Error& if_unknown) {
  Result<UniqueFd> lock = layout.lock_exclusive(repository);
  if (!lock.has_value() && lock.error().kind == ErrorKind::kNotFound) return if_unknown;
  return lock;
}

Result<std::string> read_manifest(const Layout& layout,
                                  const std::string& repository,
                                  const ContentDigest& digest) {
  Result<std::string> text =
      read_file(layout.manifest_links(repository) + "/" + digest.text(), kMaxManifestContentBytes);
  if (!text.has_value() && text.error().kind == ErrorKind::kNotFound) {
    return unknown_manifest(digest.text());
  }
  return text;
}

}  // namespace

Result<void> put_manifest(const Layout& layout,
                          const ManifestPush& push,
                          const ManifestContent& content) {
  IK_LET(lock, lock_for_push(layout, push.repository));
  for (const ContentReference& reference : content.references) {
    IK_TRY(check_reference(layout, push.repository, reference));
  }
  IK_TRY(check_immutable(layout, push));
  IK_TRY(store_text(layout, push));
  IK_TRY(store_referrer(layout, push, content));
  if (push.record) {
    // One that was there may be old enough to be collected where it is not on record yet.
    const std::string link = layout.manifest_links(push.repository) + "/" + push.digest.text();
    if (::utimensat(AT_FDCWD, link.c_str(), nullptr, 0) != 0) return errno_error("touch {}", link);
    IK_TRY(push.record());
  }
  return store_tag(layout, push);
}

Result<ContentDigest> resolve_tag(const Layout& layout,
                                  const std::string& repository,
                                  const std::string& tag) {
  const Result<std::string> text = read_file(layout.tags(repository) + "/" + tag, kMaxDigestBytes);
  if (!text.has_value()) {
    if (text.error().kind == ErrorKind::kNotFound) return unknown_manifest(tag);
    return text.error();
  }
  Result<ContentDigest> digest = ContentDigest::parse(trim(*text));
  if (!digest.has_value()) return make_error(ErrorKind::kSystem, "tag {} is damaged", tag);
  return digest;
}

Result<StoredManifest> get_manifest(const Layout& layout,
                                    const std::string& repository,
                                    const ContentDigest& digest) {
  IK_LET(text, read_manifest(layout, repository, digest));
  Result<ManifestContent> content = parse_manifest_content(text, "");
  if (!content.has_value()) {
    return make_error(
        ErrorKind::kSystem, "manifest {} is damaged: {}", digest.text(), content.error().message);
  }
  return StoredManifest{
      .digest = digest, .text = std::move(text), .media_type = std::move(content->media_type)};
}

Result<void> remove_manifest_links(const Layout& layout,
                                   const std::string& repository,
                                   const ContentDigest& digest) {
  IK_LET(text, read_manifest(layout, repository, digest));
  IK_LET(tags, tags_of(layout, repository, digest));
  for (const std::string& tag : tags) {
    IK_TRY(unlink_if_there(layout.tags(repository) + "/" + tag));
  }
  IK_TRY(sync_directory(layout.tags(repository)));
  const Result<ManifestContent> content = parse_manifest_content(text, "");
  if (content.has_value() && content->subject.has_value()) {
    const std::string directory = layout.referrers(repository, *content->subject);
    IK_TRY(unlink_if_there(directory + "/" + digest.text()));
    ::rmdir(directory.c_str());  // Only if it was the last.
  }
  IK_TRY(unlink_if_there(layout.manifest_links(repository) + "/" + digest.text()));
  return sync_directory(layout.manifest_links(repository));
}

Result<void> delete_manifest(const Layout& layout,
                             const std::string& repository,
                             const ContentDigest& digest,
                             const std::function<bool(const std::string&)>& is_immutable) {
  IK_LET(lock, lock_for_delete(layout, repository, unknown_manifest(digest.text())));
  IK_TRY(read_manifest(layout, repository, digest).map([](const std::string&) {}));
  IK_LET(tags, tags_of(layout, repository, digest));
  for (const std::string& tag : tags) {
    if (is_immutable(tag)) return immutable_tag(tag);
  }
  return remove_manifest_links(layout, repository, digest);
}

Result<void> delete_tag(const Layout& layout,
                        const std::string& repository,
                        const std::string& tag) {
  IK_LET(lock, lock_for_delete(layout, repository, unknown_manifest(tag)));
  const std::string directory = layout.tags(repository);
  if (::unlink((directory + "/" + tag).c_str()) != 0) {
    if (errno == ENOENT) return unknown_manifest(tag);
    return errno_error("unlink {}/{}", directory, tag);
  }
  return sync_directory(directory);
}

Result<void> delete_blob(const Layout& layout,
                         const std::string& repository,
                         const ContentDigest& digest) {
  const Error unknown = api_error(kBlobUnknown, "blob {} is not in this repository", digest.text());
  IK_LET(lock, lock_for_delete(layout, repository, unknown));
  if (::access((layout.blob_links(repository) + "/" + digest.text()).c_str(), F_OK) != 0) {
    return unknown;
  }
  IK_LET(manifests, manifests_of(layout, repository));
  for (const ContentDigest& manifest : manifests) {
    IK_LET(text, read_manifest(layout, repository, manifest));
    const Result<ManifestContent> content = parse_manifest_content(text, "");
    if (!content.has_value()) continue;
    for (const ContentReference& reference : content->references) {
      if (reference.digest != digest) continue;
      return api_error(kUnsupported, "manifest {} needs this blob", manifest.text());
    }
  }
  return remove_blob_link(layout, repository, digest);
}

Result<Page> list_tags(const Layout& layout,
                       const std::string& repository,
                       const PageRequest& request) {
  Result<std::vector<std::string>> names = list_directory(layout.tags(repository));
  if (!names.has_value()) {
    if (names.error().kind != ErrorKind::kNotFound) return names.error();
    return api_error(kNameUnknown, "there is no repository {}", repository);
  }
  return take_page(std::move(*names), request);
}

Result<ReferrersPage> list_referrers(const Layout& layout,
                                     const std::string& repository,
                                     const ContentDigest& subject,
                                     std::string_view artifact_type,
                                     const PageRequest& request) {
  ReferrersPage result{.page = {}, .descriptors = Json::array()};
  const std::string directory = layout.referrers(repository, subject);
  Result<std::vector<std::string>> names = list_directory(directory);
  if (!names.has_value()) {
    if (names.error().kind == ErrorKind::kNotFound) return result;
    return names.error();
  }
  // A file that is just being written is no digest.
  std::erase_if(*names,
                [](const std::string& name) { return !ContentDigest::parse(name).has_value(); });
  result.page = take_page(std::move(*names), request);
  for (const std::string& name : result.page.entries) {
    const Result<std::string> text =
        read_file(fmt::format("{}/{}", directory, name), kMaxManifestContentBytes);
    if (!text.has_value()) continue;  // Deleted since.
    IK_LET(descriptor, parse_json(*text).context("{}/{}", directory, name));
    const auto type = descriptor.find("artifactType");
    const bool fits = artifact_type.empty() || (type != descriptor.end() && *type == artifact_type);
    if (fits) result.descriptors.push_back(std::move(descriptor));
  }
  return result;
}

Result<std::vector<ContentDigest>> manifests_of(const Layout& layout,
                                                const std::string& repository) {
  std::vector<ContentDigest> found;
  IK_LET(names, list_directory(layout.manifest_links(repository)));
  for (const std::string& name : names) {
    Result<ContentDigest> digest = ContentDigest::parse(name);
    if (digest.has_value()) found.push_back(std::move(*digest));
  }
  return found;
}

}  // namespace ikada::registry
