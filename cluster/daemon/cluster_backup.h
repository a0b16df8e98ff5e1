// Backups of a whole cluster: one file, mode 0600, made while the manager works.
//
//   ikada-cluster-backup 1 BYTES sha256:HEX     a line about the JSON behind it
//   {"authority.json": TEXT, "access_key.json": TEXT}
//   the backup of the store (cluster/store/sqlite_backup.h), to the end
//
// It holds the cluster's private keys: whoever has the file can be any node. A file that is cut off
// or altered in one bit is refused with code STORE_CORRUPT before anything is restored.
#pragma once

#include <functional>
#include <string>

#include "cluster/store/sqlite_backup.h"

namespace ikada {

// Writes the store's own backup to a new file at that path.
using BackUpStore = std::function<Result<BackupSummary>(const std::string& path)>;

// `directory` is the manager's STATE/cluster. Replaces a file at `path` when the backup is
// complete.
Result<std::uint64_t> back_up_cluster(const BackUpStore& back_up,
                                      const std::string& directory,
                                      const std::string& path);

// Makes the files of `directory`, which holds none of them yet: kConflict if it does. What was made
// is removed again if it fails.
Result<void> restore_cluster(const std::string& path, const std::string& directory);

}  // namespace ikada
