#include "cluster/store/sqlite_schema.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "cluster/store/store_error.h"
#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr std::int64_t kApplicationId = 0x696b6164;  // "ikad"
constexpr std::int64_t kSchemaVersion = 1;
constexpr std::string_view kMagic{"SQLite format 3\0", 16};
constexpr off_t kAlwaysCheckedBytes = off_t{16} << 20;

// Incremental vacuum is chosen before the first table is made, or never.
constexpr const char* kCreate = R"(
PRAGMA auto_vacuum=INCREMENTAL;
PRAGMA journal_mode=WAL;
BEGIN IMMEDIATE;
CREATE TABLE version(
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL,
  value BLOB NOT NULL,
  created INTEGER NOT NULL,
  lease INTEGER NOT NULL);
CREATE INDEX version_by_key ON version(key);
CREATE TABLE lease(id INTEGER PRIMARY KEY, ttl_s INTEGER NOT NULL);
CREATE TABLE attachment(
  lease INTEGER NOT NULL,
  key BLOB NOT NULL,
  PRIMARY KEY(lease, key)) WITHOUT ROWID;
CREATE TABLE state(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO state VALUES('compacted', 0);
PRAGMA application_id={};
PRAGMA user_version={};
COMMIT;
)";

Error corrupt(std::string_view path, std::string_view why) {
  return Error{.kind = ErrorKind::kSystem,
               .message = fmt::format("{}: {}", path, why),
               .code = "STORE_CORRUPT"};
}

struct Found {
  bool is_empty = false;
  bool needs_check = false;
};

// Makes an empty file of the right mode, or looks at the one that is there.
Result<Found> look_at_file(const std::string& path) {
  IK_LET(file, open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, kFileMode));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return errno_error("stat {}", path);
  if (!S_ISREG(status.st_mode)) return corrupt(path, "not a regular file");
  if ((status.st_mode & 07777) != kFileMode && ::fchmod(file.get(), kFileMode) != 0) {
    return errno_error("chmod {}", path);
  }
  if (status.st_size == 0) return Found{.is_empty = true};
  std::array<char, kMagic.size()> head{};
  const ssize_t got = ::pread(file.get(), head.data(), head.size(), 0);
  if (got < 0) return errno_error("read {}", path);
  if (std::string_view(head.data(), static_cast<size_t>(got)) != kMagic) {
    return corrupt(path, "not a store: it does not begin as an SQLite database");
  }
  struct stat log {};
  const bool was_left_open = ::stat((path + "-wal").c_str(), &log) == 0 && log.st_size > 0;
  return Found{.needs_check = was_left_open || status.st_size <= kAlwaysCheckedBytes};
}

Result<void> create_tables(SqliteConnection& connection, const std::string& path) {
  IK_TRY(connection.execute(fmt::format(fmt::runtime(kCreate), kApplicationId, kSchemaVersion))
             .context("{}", path));
  const std::string::size_type slash = path.rfind('/');
  return sync_directory(slash == std::string::npos ? "."
                                                   : path.substr(0, std::max<size_t>(slash, 1)));
}

Result<void> check_identity(SqliteConnection& connection, const std::string& path) {
  IK_LET(application, connection.integer("PRAGMA application_id"));
  IK_LET(version, connection.integer("PRAGMA user_version"));
  if (application != kApplicationId) return corrupt(path, "an SQLite database, but no store");
  if (version > kSchemaVersion) {
    return make_error(ErrorKind::kInvalid,
                      "{}: written by a newer ikada (schema {}, this one knows {})",
                      path,
                      version,
                      kSchemaVersion);
  }
  if (version != kSchemaVersion) return corrupt(path, "a store without a schema version");
  return {};
}

}  // namespace

Result<SqliteConnection> open_store_file(const std::string& path) {
  IK_LET(found, look_at_file(path));
  IK_LET(connection, SqliteConnection::open(path));
  // A creation that was cut off left no table.
  IK_LET(tables, connection.integer("SELECT count(*) FROM sqlite_schema").context("{}", path));
  IK_LET(application, connection.integer("PRAGMA application_id"));
  if (found.is_empty || (tables == 0 && application == 0)) {
    IK_TRY(create_tables(connection, path));
    return connection;
  }
  IK_TRY(check_identity(connection, path));
  if (found.needs_check) IK_TRY(check_store_pages(connection).context("{}", path));
  return connection;
}

Result<void> check_store_pages(SqliteConnection& connection) {
  IK_LET(words, connection.text("PRAGMA quick_check(1)"));
  if (words == "ok") return {};
  return corrupt("sqlite", words);
}

Result<StoredState> read_stored_state(SqliteConnection& connection) {
  IK_LET(newest, connection.integer("SELECT coalesce(max(id), 0) FROM version"));
  IK_LET(compacted, connection.integer("SELECT value FROM state WHERE name = 'compacted'"));
  return StoredState{.revision = std::max(revision_of(newest), compacted), .compacted = compacted};
}

}  // namespace ikada
