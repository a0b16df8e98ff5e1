// Backups of sqlite_store: one file, made while the store is used.
//
// The file is the database as of one moment and, in its last 128 bytes, a line
//   ikada-store-backup 1 BYTES sha256:HEX
// padded with spaces, of all that is before it. A file that is cut off, altered in one bit or
// something else is refused with code STORE_CORRUPT. Values are in it as they were put: whoever
// keeps secrets in the store seals them first (sealed_value.h).
#pragma once

#include <string>

#include "cluster/store/sqlite_store.h"

namespace ikada {

// How far restoring raises the revision, so that no revision that was seen after the backup comes
// again with another meaning: old watches and lists are told that they are compacted.
inline constexpr Revision kRestoreStep = 1'000'000'000;

struct BackupSummary {
  std::uint64_t size_bytes = 0;  // Of the whole file.
  std::string digest;            // "sha256:…" of what is before the trailer.
};

// Writes the backup to `path`, mode 0600, replacing a file there when it is complete.
Result<BackupSummary> back_up_store(SqliteStore& store, const std::string& path);

// The same of a store that is not SQLite: its content is copied to a file beside `path` first. The
// backup's revision is not below the store's.
Result<BackupSummary> back_up_copy(Store& store, const std::string& path);

// Reads it all. Code STORE_CORRUPT if it is not what back_up_store() wrote.
Result<BackupSummary> check_backup(const std::string& path);

// Makes the store file at `path` from a backup. kConflict if there is one already.
Result<void> restore_store(const std::string& backup, const std::string& path);

}  // namespace ikada
