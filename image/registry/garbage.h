// Removing what nothing needs, while the registry serves.
//
// Reachability decides, nothing is counted: a repository's link to a blob is kept as long as one of
// its manifests refers to the blob; a blob is kept as long as a repository links it. A link that is
// younger than the grace period stays, because its manifest may be on its way. May run in another
// process than the one that serves, and more than once at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "image/registry/layout.h"
#include "runtime/base/result.h"

namespace ikada::registry {

struct GarbageOptions {
  std::int64_t grace_s = 3600;            // 0 only while nobody pushes.
  std::int64_t upload_age_s = 24 * 3600;  // Since something was added to them last.
  // Manifests that no tag leads to, neither through an index nor as a referrer, are removed at this
  // age; never without it.
  std::optional<std::int64_t> untagged_age_s;
};

struct GarbageReport {
  std::uint64_t uploads = 0;
  std::uint64_t manifests = 0;
  std::uint64_t links = 0;
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;  // Of the blobs.
  std::uint64_t repositories = 0;
};

// Goes on with the next repository if one is damaged, and returns the first error at the end.
// With `keeps` a manifest that is older than the grace period goes unless that says otherwise.
using KeepsManifest = std::function<bool(const std::string& repository, const std::string& digest)>;
Result<GarbageReport> collect_garbage(const Layout& layout,
                                      const GarbageOptions& options,
                                      std::int64_t now_s,
                                      const KeepsManifest& keeps = {});

}  // namespace ikada::registry
