// The file of sqlite_store: what it looks like, making one, and refusing what is none.
//
// Table `version` holds every put and removal that is not compacted away, numbered in the order of
// commits: id = revision * 256 + place in the transaction * 2 + 1 if it is a removal. So the newest
// id of a key tells its revision and whether it is there, by the index alone. `lease` holds leases
// and `attachment` their keys; `state` has the compacted revision. The store's revision is that of
// the newest id, or the compacted one if all behind it is gone.
//
// A file has mode 0600, SQLite's header with ikada's application id, and a schema version; a newer
// one is refused.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/store/sqlite_connection.h"
#include "cluster/store/store.h"

namespace ikada {

inline constexpr size_t kMaxVersionsOfRevision = 128;

constexpr std::int64_t version_id(Revision revision, size_t place, bool removed) {
  return revision * 256 + static_cast<std::int64_t>(place) * 2 + (removed ? 1 : 0);
}
constexpr Revision revision_of(std::int64_t version_id) { return version_id / 256; }
constexpr bool is_removal(std::int64_t version_id) { return version_id % 2 == 1; }
// Below it lies all up to `revision`.
constexpr std::int64_t id_behind(Revision revision) { return (revision + 1) * 256; }

struct StoredState {
  Revision revision = 0;
  Revision compacted = 0;
};

// Opens the file, makes it if there is none, and checks it: completely if it is small or was not
// closed, else only its frame. kInvalid for a newer schema, code STORE_CORRUPT for what is damaged
// or something else.
Result<SqliteConnection> open_store_file(const std::string& path);

// Walks all pages. Code STORE_CORRUPT with SQLite's words.
Result<void> check_store_pages(SqliteConnection& connection);

Result<StoredState> read_stored_state(SqliteConnection& connection);

}  // namespace ikada
