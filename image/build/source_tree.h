// What a COPY or ADD takes from a directory tree: the build context, a stage or an image.
//
// Nothing in the tree is trusted: every name is looked up with the tree's root as the root, so that
// no symlink leads outside, and below a chosen directory no symlink is followed at all.
//
// Source: Dockerfile reference, COPY, "Source"; openat2(2).
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "image/digest.h"
#include "image/dockerfile/ignore_patterns.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct SourceEntry {
  std::string path;  // Below the chosen one; empty for itself.
  struct stat status = {};
  std::string link = {};  // A symlink's text.
};

// One chosen file, or a directory with all below it that counts, parents first, names sorted.
struct SourceTree {
  std::string name;  // The last part of the path that was written.
  std::string path;  // Below the root, as written.
  UniqueFd top;      // O_PATH.
  std::vector<SourceEntry> entries;

  bool is_directory() const { return S_ISDIR(entries[0].status.st_mode); }

  // Opens a regular file of it for reading.
  Result<UniqueFd> open(const SourceEntry& entry) const;
};

struct SourceQuery {
  int root_fd = -1;
  const IgnorePatterns* ignore = nullptr;   // Of paths below the root; null: none.
  const IgnorePatterns* exclude = nullptr;  // Likewise.
};

// The trees that `pattern` chooses, in the order of their names. Symlinks to the chosen ones are
// followed. kNotFound in docker's words if there is none.
Result<std::vector<SourceTree>> find_sources(const SourceQuery& query, const std::string& pattern);

// Adds names, kinds, permissions and content to the hash; `owners` too where they will be kept.
// Times do not count.
Result<void> hash_source(const SourceTree& tree, bool owners, Sha256& hash);

}  // namespace ikada
