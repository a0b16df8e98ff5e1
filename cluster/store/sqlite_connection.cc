#include "cluster/store/sqlite_connection.h"

#include <sqlite3.h>

#include "cluster/store/store_error.h"

namespace ikada {
namespace {

constexpr std::string_view kCorrupt = "STORE_CORRUPT";
constexpr int kBusyTimeoutMs = 5000;
constexpr int kPrimaryCode = 0xff;  // Extended codes carry more above.

Error sqlite_error(int code, std::string_view what, std::string_view detail) {
  const std::string text = fmt::format("sqlite: {}: {}", what, detail);
  switch (code & kPrimaryCode) {
    case SQLITE_FULL:
      // Not the statement's fault, and nobody's who has not written it.
      return store_full(fmt::format("sqlite: {}", detail));
    case SQLITE_IOERR:
      // ROOT/…/store.db-shm, of which SQLite says no more.
      if (code == SQLITE_IOERR_SHMSIZE) {
        return store_full("sqlite: database or disk is full: no room for its index");
      }
      return store_unavailable(fmt::format("sqlite: {}", detail));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error{.kind = ErrorKind::kSystem, .message = text, .code = std::string(kCorrupt)};
    default:
      return store_unavailable(text);
  }
}

Error error_of(sqlite3* database, std::string_view what) {
  return sqlite_error(sqlite3_extended_errcode(database), what, sqlite3_errmsg(database));
}

}  // namespace

bool is_store_corrupt(const Error& error) { return error.code == kCorrupt; }

void SqliteStatement::Free::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteStatement& SqliteStatement::start() {
  sqlite3_reset(statement_.get());
  bind_failure_ = SQLITE_OK;
  return *this;
}

SqliteStatement& SqliteStatement::bind(int number, std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), number, value);
  if (code != SQLITE_OK) bind_failure_ = code;
  return *this;
}

SqliteStatement& SqliteStatement::bind(int number, std::string_view bytes) {
  // A null pointer would bind NULL.
  const char* const data = bytes.data() == nullptr ? "" : bytes.data();
  const int code = sqlite3_bind_blob64(statement_.get(), number, data, bytes.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) bind_failure_ = code;
  return *this;
}

Result<bool> SqliteStatement::step() {
  if (bind_failure_ != SQLITE_OK) {
    return sqlite_error(bind_failure_, "bind", sqlite3_errstr(bind_failure_));
  }
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return error_of(sqlite3_db_handle(statement_.get()), sqlite3_sql(statement_.get()));
}

Result<void> SqliteStatement::run() {
  Result<bool> more = step();
  while (more.has_value() && *more) more = step();
  sqlite3_reset(statement_.get());
  if (!more.has_value()) return more.error();
  return {};
}

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string SqliteStatement::bytes(int column) const {
  const void* const data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<size_t>(size)};
}

void SqliteConnection::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Result<SqliteConnection> SqliteConnection::open(const std::string& path) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  SqliteConnection connection;
  connection.database_.reset(handle);
  if (code != SQLITE_OK) {
    const char* const detail = handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle);
    return sqlite_error(code, "open " + path, detail);
  }
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  IK_TRY(connection
             .execute("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
                      "PRAGMA synchronous=FULL")
             .context("{}", path));
  return connection;
}

Result<void> SqliteConnection::keep_files() {
  int keeps = 1;
  const int code = sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_PERSIST_WAL, &keeps);
  if (code != SQLITE_OK) return sqlite_error(code, "keep the log", sqlite3_errstr(code));
  return {};
}

Result<void> SqliteConnection::execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) {
    return {};
  }
  return error_of(database_.get(), sql);
}

Result<SqliteStatement> SqliteConnection::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(),
                                      sql.data(),
                                      static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT,
                                      &handle,
                                      nullptr);
  if (code != SQLITE_OK) return error_of(database_.get(), sql);
  SqliteStatement statement;
  statement.statement_.reset(handle);
  return statement;
}

Result<std::int64_t> SqliteConnection::integer(std::string_view sql) {
  IK_LET(statement, prepare(sql));
  IK_LET(has_row, statement.step());
  if (!has_row) return make_error(ErrorKind::kInternal, "sqlite: {}: no row", sql);
  return statement.integer(0);
}

Result<std::string> SqliteConnection::text(std::string_view sql) {
  IK_LET(statement, prepare(sql));
  IK_LET(has_row, statement.step());
  if (!has_row) return make_error(ErrorKind::kInternal, "sqlite: {}: no row", sql);
  return statement.bytes(0);
}

Result<void> SqliteConnection::copy_to(const std::string& path) {
  IK_LET(target, open(path));
  sqlite3_backup* const backup =
      sqlite3_backup_init(target.database_.get(), "main", database_.get(), "main");
  if (backup == nullptr) return error_of(target.database_.get(), "backup");
  // All pages in one step: then no writer can come between and make it begin anew.
  const int code = sqlite3_backup_step(backup, -1);
  sqlite3_backup_finish(backup);
  if (code == SQLITE_DONE) return {};
  return sqlite_error(code, "backup", sqlite3_errstr(code));
}

bool SqliteConnection::in_transaction() const {
  return sqlite3_get_autocommit(database_.get()) == 0;
}

}  // namespace ikada
