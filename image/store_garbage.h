// Finding and removing what the store keeps and nothing needs.
//
// Source: image/store.h describes the files and locks.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "image/store.h"
#include "image/store_index.h"
#include "runtime/base/result.h"

namespace ikada {

// Removes unfinished layers that no living process writes.
Result<void> remove_stale_staging(const std::string& root);

// Removes what a killed process has left, or was writing until now: the process that unpacked for
// it outlives it, and its locks, by a moment.
Result<void> remove_abandoned(const std::string& path);

// An exclusive lock on `path`, a directory that is created if need be, and that is still at its
// path afterwards. With `wait` false, kConflict if another process has it.
Result<UniqueFd> lock_directory(const std::string& path, bool wait);

// The manifests that containers hold, and by whom.
struct Hold {
  std::string container;
  Digest manifest;
};
Result<std::vector<Hold>> list_holds(const std::string& root);

// Removes all blobs, partial downloads and layers that neither `entries` nor a container needs;
// returns the blobs of the layers. Removes nothing while a pull goes on. The caller holds the
// store's lock.
Result<std::vector<std::string>> collect_garbage(const ImageStore& store,
                                                 const std::vector<IndexedImage>& entries);

// As long as it is held no pull and no build begins. kConflict while one goes on.
Result<UniqueFd> lock_out_pulls(const std::string& root);

// As collect_garbage(); the caller also holds lock_out_pulls().
Result<std::vector<std::string>> collect_garbage_alone(const ImageStore& store,
                                                       const std::vector<IndexedImage>& entries);

}  // namespace ikada
