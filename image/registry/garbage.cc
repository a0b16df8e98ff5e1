#include "image/registry/garbage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "image/registry/blob_store.h"
#include "image/registry/catalog.h"
#include "image/registry/manifest_store.h"
#include "image/registry/uploads.h"
#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada::registry {
namespace {

// A file in the staging directory lives for moments; one this old has lost its process.
constexpr std::int64_t kStagingAgeSeconds = 3600;

struct ManifestFacts {
  ManifestContent content;
  std::int64_t changed_at_s = 0;
};
using Manifests = std::map<ContentDigest, ManifestFacts>;

bool is_older(const std::string& path, std::int64_t before_s) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && status.st_ctim.tv_sec <= before_s;
}

Result<Manifests> read_manifests(const Layout& layout, const std::string& repository) {
  Manifests manifests;
  IK_LET(digests, manifests_of(layout, repository));
  for (const ContentDigest& digest : digests) {
    const std::string path = layout.manifest_links(repository) + "/" + digest.text();
    IK_LET(text, read_file(path, kMaxManifestContentBytes));
    IK_LET(content, parse_manifest_content(text, "").context("{}", path));
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return errno_error("stat {}", path);
    manifests.emplace(digest, ManifestFacts{std::move(content), status.st_ctim.tv_sec});
  }
  return manifests;
}

// The manifests that tags lead to: themselves, through indexes, and what has one of them as
// subject.
Result<std::set<ContentDigest>> tagged_manifests(const Layout& layout,
                                                 const std::string& repository,
                                                 const Manifests& manifests) {
  std::vector<ContentDigest> open;
  IK_LET(tags, list_directory(layout.tags(repository)));
  for (const std::string& tag : tags) {
    IK_LET(digest, resolve_tag(layout, repository, tag));
    open.push_back(std::move(digest));
  }
  std::multimap<ContentDigest, ContentDigest> referrers;
  for (const auto& [digest, facts] : manifests) {
    if (facts.content.subject.has_value()) referrers.emplace(*facts.content.subject, digest);
  }
  std::set<ContentDigest> reached;
  while (!open.empty()) {
    const ContentDigest digest = std::move(open.back());
    open.pop_back();
    const auto found = manifests.find(digest);
    if (found == manifests.end() || !reached.insert(digest).second) continue;
    for (const ContentReference& each : found->second.content.references) {
      open.push_back(each.digest);
    }
    const auto [first, last] = referrers.equal_range(digest);
    for (auto each = first; each != last; ++each) open.push_back(each->second);
  }
  return reached;
}

class Collection {
 public:
  Collection(const Layout& layout,
             const GarbageOptions& options,
             std::int64_t now_s,
             const KeepsManifest& keeps)
      : layout_(layout), options_(options), now_s_(now_s), keeps_(keeps) {}

  Result<void> clean_repository(const std::string& name) {
    Result<UniqueFd> lock = layout_.lock_exclusive(name);
    if (!lock.has_value() && lock.error().kind == ErrorKind::kNotFound) {
      // A collection has removed half of it while somebody pushed: whole again, it can be locked.
      IK_TRY(layout_.create_repository(name));
      lock = layout_.lock_exclusive(name);
    }
    if (!lock.has_value()) return lock.error();
    IK_LET(manifests, read_manifests(layout_, name));
    IK_TRY(remove_untagged(name, manifests));
    if (keeps_) IK_TRY(remove_unrecorded(name, manifests));
    std::set<std::string> needed;
    for (const auto& [digest, facts] : manifests) {
      for (const ContentReference& each : facts.content.references) {
        needed.insert(each.digest.text());
      }
    }
    IK_LET(left, remove_links(name, needed));
    if (left == 0 && manifests.empty()) remove_repository(name);
    return {};
  }

  // A blob with one name left is in no repository. It is moved away first, to where nobody can link
  // it any more, and looked at again there.
  Result<void> remove_blobs(std::string_view algorithm) {
    const std::string directory = layout_.blobs(algorithm);
    IK_LET(names, list_directory(directory));
    for (const std::string& name : names) {
      const std::string path = fmt::format("{}/{}", directory, name);
      struct stat status {};
      if (::lstat(path.c_str(), &status) != 0 || status.st_nlink != 1) continue;
      const std::string aside = layout_.staging_file();
      if (::rename(path.c_str(), aside.c_str()) != 0) continue;
      if (::lstat(aside.c_str(), &status) == 0 && status.st_nlink > 1) {
        // If it fails, the next push stores another one.
        static_cast<void>(::link(aside.c_str(), path.c_str()) == 0);
      } else {
        ++report_.blobs;
        report_.bytes += static_cast<std::uint64_t>(status.st_size);
      }
      if (::unlink(aside.c_str()) != 0) return errno_error("unlink {}", aside);
    }
    return {};
  }

  Result<void> remove_uploads() {
    IK_LET(count, expire_uploads(layout_, now_s_ - options_.upload_age_s));
    report_.uploads += count;
    IK_LET(names, list_directory(layout_.staging()));
    for (const std::string& name : names) {
      const std::string path = layout_.staging() + "/" + name;
      if (is_older(path, now_s_ - kStagingAgeSeconds)) ::unlink(path.c_str());
    }
    return {};
  }

  const GarbageReport& report() const { return report_; }

 private:
  Result<void> remove_untagged(const std::string& name, Manifests& manifests) {
    if (!options_.untagged_age_s.has_value()) return {};
    const std::int64_t before_s = now_s_ - *options_.untagged_age_s;
    IK_LET(kept, tagged_manifests(layout_, name, manifests));
    for (auto each = manifests.begin(); each != manifests.end();) {
      if (kept.contains(each->first) || each->second.changed_at_s > before_s) {
        ++each;
        continue;
      }
      IK_TRY(remove_manifest_links(layout_, name, each->first));
      ++report_.manifests;
      each = manifests.erase(each);
    }
    return {};
  }

  Result<void> remove_unrecorded(const std::string& name, Manifests& manifests) {
    for (auto each = manifests.begin(); each != manifests.end();) {
      const bool is_young = each->second.changed_at_s > now_s_ - options_.grace_s;
      if (is_young || keeps_(name, each->first.text())) {
        ++each;
        continue;
      }
      IK_TRY(remove_manifest_links(layout_, name, each->first));
      ++report_.manifests;
      each = manifests.erase(each);
    }
    return {};
  }

  // How many links are left.
  Result<std::uint64_t> remove_links(const std::string& name, const std::set<std::string>& needed) {
    const std::string directory = layout_.blob_links(name);
    std::uint64_t left = 0;
    IK_LET(links, list_directory(directory));
    for (const std::string& link : links) {
      const std::string path = fmt::format("{}/{}", directory, link);
      if (needed.contains(link) || !is_older(path, now_s_ - options_.grace_s)) {
        ++left;
      } else if (::unlink(path.c_str()) == 0) {
        ++report_.links;
      } else {
        return errno_error("unlink {}", path);
      }
    }
    return left;
  }

  // rmdir(2) removes nothing that somebody has just put something into.
  void remove_repository(const std::string& name) {
    if (!is_older(layout_.manifest_links(name), now_s_ - options_.grace_s)) return;
    if (!is_older(layout_.blob_links(name), now_s_ - options_.grace_s)) return;
    for (const std::string& path : {layout_.tags(name),
                                    layout_.referrers(name),
                                    layout_.blob_links(name),
                                    layout_.manifest_links(name)}) {
      if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return;
    }
    ++report_.repositories;
    std::string path = layout_.repository(name);
    while (path.size() > layout_.repositories().size() && ::rmdir(path.c_str()) == 0) {
      path.resize(path.rfind('/'));
    }
  }

  const Layout& layout_;
  const GarbageOptions& options_;
  const std::int64_t now_s_;
  const KeepsManifest& keeps_;
  GarbageReport report_;
};

}  // namespace

Result<GarbageReport> collect_garbage(const Layout& layout,
                                      const GarbageOptions& options,
                                      std::int64_t now_s,
                                      const KeepsManifest& keeps) {
  Collection collection(layout, options, now_s, keeps);
  Result<void> first;
  const auto keep_first = [&first](Result<void> result) {
    if (first.has_value() && !result.has_value()) first = std::move(result);
  };
  keep_first(collection.remove_uploads());
  IK_LET(names, all_repositories(layout));
  for (const std::string& name : names) {
    keep_first(collection.clean_repository(name).context("repository {}", name));
  }
  keep_first(collection.remove_blobs("sha256"));
  keep_first(collection.remove_blobs("sha512"));
  if (!first.has_value()) return first.error();
  return collection.report();
}

}  // namespace ikada::registry
