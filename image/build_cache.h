// What earlier builds made of which step: ROOT/build/cache/KEY, one small JSON file each.
//
//   {"diff_id": "sha256:…", "blob": {"mediaType": …, "digest": …, "size": …},
//    "created": "2026-…Z", "step": "RUN make"}
//
// KEY is the digest of all that decides the result: the layers below, the instruction, the content
// of the files it takes. diff_id is empty for a step that changed nothing. The file's time is that
// of its last use. An entry is made when the layer it names is at its place in the store.
//
// An entry keeps its layer and its blob from being collected (image/store_garbage.cc); who removes
// entries holds the store's lock.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "image/manifest.h"
#include "runtime/base/result.h"

namespace ikada {

struct CachedStep {
  Digest diff_id = {};  // Empty: the step changed nothing.
  Descriptor blob = {};
  std::string created = {};
  std::string step = {};
};

class BuildCache {
 public:
  // `root` is the store's.
  static Result<BuildCache> open(const std::string& root);

  // nullopt also if what the entry names is not there any more.
  std::optional<CachedStep> find(const Digest& key) const;

  Result<void> add(const Digest& key, const CachedStep& step) const;

 private:
  explicit BuildCache(std::string root) : root_(std::move(root)) {}

  std::string path(const Digest& key) const;

  std::string root_;
};

struct CacheEntry {
  std::string key;  // Hexadecimal digits.
  CachedStep step;
};
// All that can be read.
Result<std::vector<CacheEntry>> list_build_cache(const std::string& root);

// The layers of all entries, as the hexadecimal digits of their blobs' digests.
Result<std::set<std::string>> list_cached_blobs(const std::string& root);

// Removes entries, and with `mounts` the cache mounts of RUN steps that nobody uses. Returns the
// keys of the entries and the names of the mounts. The layers themselves go with the next
// collection of the store's garbage, which the caller starts.
struct BuildCachePruning {
  std::int64_t unused_s = 0;  // Only entries not used for so long.
  bool mounts = false;
  // With `dangling` only entries for a layer that is none of these, given as hexadecimal digits of
  // their blobs: what images use stays, and what takes no room.
  bool dangling = false;
  std::set<std::string> image_layers = {};
};
Result<std::vector<std::string>> prune_build_cache(const std::string& root,
                                                   const BuildCachePruning& pruning);

// ROOT/build/mounts: a directory for each cache mount of RUN steps, ID/, and its lock, ID.lock.
std::string cache_mounts_directory(const std::string& root);

}  // namespace ikada
