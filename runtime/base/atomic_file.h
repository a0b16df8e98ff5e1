// Files that are replaced whole: a reader sees the old content or the new, never a part, also after
// a power cut.
//
// Source: rename(2), fsync(2).
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

enum class Durability {
  kDurable,   // fsync of the file before the rename and of its directory after it.
  kVolatile,  // For files under /run, which no power cut survives anyway.
};

// Writes `content` to a new file beside `path` and renames it over `path`. On failure the old file
// stays and the new one is removed.
Result<void> write_file_atomically(const std::string& path,
                                   std::string_view content,
                                   mode_t mode,
                                   Durability durability = Durability::kDurable);

// fsync(2) of a directory, so that a rename in it survives a power cut.
Result<void> sync_directory(const std::string& path);

}  // namespace ikada
