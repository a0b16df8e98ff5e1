// Manifests, the tags that name them and the referrers that name their subjects.
//
// A manifest is stored before its tag names it, and what it refers to is there before it is stored.
// Functions here wait for the disk. Thread-safe, also against other processes.
//
// Source: OCI distribution-spec 1.1, "Pushing manifests", "Listing Referrers", "Deleting
// manifests".
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "image/registry/content_digest.h"
#include "image/registry/layout.h"
#include "image/registry/manifest_content.h"
#include "image/registry/page.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada::registry {

struct StoredManifest {
  ContentDigest digest;
  std::string text;
  std::string media_type;
};

struct ManifestPush {
  std::string repository;
  std::string tag;           // Empty for a push by digest.
  std::string user = {};     // Who pushes.
  bool must_be_new = false;  // For a keeper (PushedImage).
  bool is_tag_immutable = false;
  ContentDigest digest;  // Of `text`.
  std::string_view text;
  // Called when the files are on the disk, before garbage collection may look at them; its error is
  // put_manifest()'s.
  std::function<Result<void>()> record = {};
};

// MANIFEST_BLOB_UNKNOWN if something it refers to is not in the repository, MANIFEST_INVALID if
// that has another size, DENIED if the tag is immutable and names another manifest.
Result<void> put_manifest(const Layout& layout,
                          const ManifestPush& push,
                          const ManifestContent& content);

// The digest a tag names; MANIFEST_UNKNOWN.
Result<ContentDigest> resolve_tag(const Layout& layout,
                                  const std::string& repository,
                                  const std::string& tag);

// MANIFEST_UNKNOWN.
Result<StoredManifest> get_manifest(const Layout& layout,
                                    const std::string& repository,
                                    const ContentDigest& digest);

// The manifest, every tag that names it, and its entry among its subject's referrers. With
// `is_immutable(tag)` true for one of the tags: DENIED. MANIFEST_UNKNOWN.
Result<void> delete_manifest(const Layout& layout,
                             const std::string& repository,
                             const ContentDigest& digest,
                             const std::function<bool(const std::string&)>& is_immutable);

// Only the tag. MANIFEST_UNKNOWN.
Result<void> delete_tag(const Layout& layout,
                        const std::string& repository,
                        const std::string& tag);

// The blob's link, unless a manifest of the repository needs it: UNSUPPORTED. BLOB_UNKNOWN.
Result<void> delete_blob(const Layout& layout,
                         const std::string& repository,
                         const ContentDigest& digest);

// NAME_UNKNOWN if there is no such repository.
Result<Page> list_tags(const Layout& layout,
                       const std::string& repository,
                       const PageRequest& request);

struct ReferrersPage {
  Page page;         // Their digests.
  Json descriptors;  // An array; only those of `artifact_type`, unless that is empty.
};

// Without any it is empty, also if the subject or the repository does not exist.
Result<ReferrersPage> list_referrers(const Layout& layout,
                                     const std::string& repository,
                                     const ContentDigest& subject,
                                     std::string_view artifact_type,
                                     const PageRequest& request);

// The manifests of a repository; empty if there is none. For those who hold its lock.
Result<std::vector<ContentDigest>> manifests_of(const Layout& layout,
                                                const std::string& repository);

// What delete_manifest() does, for a caller who holds the exclusive lock.
Result<void> remove_manifest_links(const Layout& layout,
                                   const std::string& repository,
                                   const ContentDigest& digest);

}  // namespace ikada::registry
