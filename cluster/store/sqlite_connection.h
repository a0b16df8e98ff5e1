// One connection to an SQLite database, and its prepared statements. One thread at a time.
//
// Errors of the library become Errors here, the only file that knows sqlite3.h. A full disk is
// told by is_store_full(); a file that is no database, or a damaged one, has code STORE_CORRUPT;
// the rest is kUnavailable.
//
// Source: sqlite.org: C/C++ Interface, Write-Ahead Logging, Backup API.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace ikada {

bool is_store_corrupt(const Error& error);

// Values are bound by number from 1 and read by column from 0. Text is bytes everywhere.
class SqliteStatement {
 public:
  SqliteStatement& bind(int number, std::int64_t value);
  // The bytes must live until reset(), which the next start() does.
  SqliteStatement& bind(int number, std::string_view bytes);

  // Resets the statement and forgets that it ran. Before bind().
  SqliteStatement& start();

  // True: there is a row to read. False: the end.
  Result<bool> step();

  // Runs to the end, then resets, so that no read transaction stays open.
  Result<void> run();

  std::int64_t integer(int column) const;
  std::string bytes(int column) const;

 private:
  friend class SqliteConnection;
  struct Free {
    void operator()(sqlite3_stmt* statement) const;
  };

  std::unique_ptr<sqlite3_stmt, Free> statement_;
  int bind_failure_ = 0;
};

class SqliteConnection {
 public:
  // Opens a file that exists. synchronous=FULL, what a schema may call is not trusted.
  static Result<SqliteConnection> open(const std::string& path);

  // Leaves PATH-wal and PATH-shm where they are if it is the last one that is closed: who opens the
  // database next then needs no room for them (SQLITE_FCNTL_PERSIST_WAL).
  Result<void> keep_files();

  // Runs statements without results.
  Result<void> execute(const std::string& sql);

  Result<SqliteStatement> prepare(std::string_view sql);

  // The first column of the first row.
  Result<std::int64_t> integer(std::string_view sql);
  Result<std::string> text(std::string_view sql);

  // Copies all pages, as of one moment, into the empty file at `path`. Others may write meanwhile.
  Result<void> copy_to(const std::string& path);

  bool in_transaction() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };

  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace ikada
