// Reading the tables of sqlite_store, each call in a read transaction of its own.
//
// A connection has one thread at a time; SqliteReaders hands them out.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cluster/store/sqlite_connection.h"
#include "cluster/store/sqlite_schema.h"

namespace ikada {

class SqliteReader {
 public:
  static Result<std::unique_ptr<SqliteReader>> open(const std::string& path);

  Result<KeyRead> get(const std::string& key);
  Result<KeyPage> list(const ListOptions& options);

  // What came behind `after`, in whole revisions, up to some hundred events. Compacted if history
  // no longer reaches back.
  Result<KeyEvents> events(const std::string& prefix, Revision after);

  Result<StoreStatus> status();

  // Whether no read transaction is left open, as by a failure.
  bool is_idle() const { return !connection_.in_transaction(); }

  // See SqliteConnection.
  Result<void> copy_to(const std::string& path) { return connection_.copy_to(path); }

 private:
  explicit SqliteReader(SqliteConnection connection) : connection_(std::move(connection)) {}

  Result<StoredState> state();
  Result<std::optional<KeyValue>> version_at(std::string_view key, Revision revision);
  Result<KeyRead> get_now(const std::string& key);
  Result<KeyPage> list_now(const ListOptions& options);
  Result<std::optional<std::string>> next_key(const std::string& after, const std::string& prefix);
  Result<KeyEvents> events_now(const std::string& prefix, Revision after);

  // Runs `read` between BEGIN and COMMIT, so that all its statements see one moment.
  template <typename Read>
  auto at_one_moment(Read read) -> decltype(read());

  SqliteConnection connection_;
  SqliteStatement begin_;
  SqliteStatement end_;
  SqliteStatement newest_;
  SqliteStatement compacted_;
  SqliteStatement version_at_;
  SqliteStatement key_behind_;
  SqliteStatement key_from_;
  SqliteStatement events_;
};

// Readers of one file that nobody uses just now; as many are opened as are used at a time.
class SqliteReaders {
 public:
  explicit SqliteReaders(std::string path) : path_(std::move(path)) {}

  // Calls `use` with a reader.
  template <typename Use>
  auto with(Use use) -> decltype(use(std::declval<SqliteReader&>())) {
    IK_LET(reader, take());
    auto result = use(*reader);
    if (reader->is_idle()) give_back(std::move(reader));
    return result;
  }

 private:
  Result<std::unique_ptr<SqliteReader>> take();
  void give_back(std::unique_ptr<SqliteReader> reader);

  const std::string path_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<SqliteReader>> idle_;
};

}  // namespace ikada
