// Changing the tables of sqlite_store. One thread.
//
// begin(), any number of changes, then commit() or abandon(). Changes see those made before them.
// A failed Result is a failure of the database: the caller abandons. What a caller of the store may
// get wrong (a compare, a lease that is gone) is in the values.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/store/sqlite_connection.h"
#include "cluster/store/sqlite_schema.h"

namespace ikada {

class SqliteWriter {
 public:
  // `connection` from open_store_file().
  static Result<SqliteWriter> create(SqliteConnection connection);

  Result<void> begin();
  Result<void> commit();
  void abandon();  // Takes back all since begin(). Never fails: the file is as it was.

  // Includes what is not committed yet.
  Revision revision() const { return state_.revision; }
  Revision compacted() const { return state_.compacted; }

  // A lease of a put that is not there is left in `missing_lease`, and nothing was changed.
  struct Applied {
    Commit commit;
    std::optional<LeaseId> missing_lease;
  };
  Result<Applied> apply(const Transaction& transaction);

  Result<void> add_lease(const Lease& lease);
  // False: there is no such lease. Else it is gone, and its keys are removed.
  Result<bool> end_lease(LeaseId id);
  Result<std::vector<Lease>> leases();

  Result<void> mark_compacted(Revision revision);
  // Deletes what is compacted away among the next thousand versions. False: that was the last.
  // Begins and commits by itself.
  Result<bool> sweep();
  bool has_to_sweep() const { return swept_ != INT64_MAX; }

  // Outside of begin() and commit().
  Result<void> shrink_file();
  Result<void> empty_log();  // When nobody reads.

 private:
  struct Newest {
    std::int64_t id = 0;  // 0: never there, or compacted away.
    Revision created = 0;
    LeaseId lease = kNoLease;
    bool exists() const { return id != 0 && !is_removal(id); }
  };

  explicit SqliteWriter(SqliteConnection connection) : connection_(std::move(connection)) {}

  Result<Newest> newest(std::string_view key);
  Result<bool> has_lease(LeaseId id);
  Result<bool> holds(const KeyCompare& compare);
  Result<void> put(const KeyOperation& operation, size_t place);
  Result<bool> remove(const std::string& key, size_t place);
  Result<void> insert(std::int64_t id, const KeyValue& entry);

  SqliteConnection connection_;
  StoredState state_;
  StoredState committed_;
  std::int64_t swept_ = 0;  // Versions up to this id are looked at; INT64_MAX: all are.

  SqliteStatement begin_;
  SqliteStatement commit_;
  SqliteStatement newest_;
  SqliteStatement insert_;
  SqliteStatement attach_;
  SqliteStatement detach_;
  SqliteStatement attached_;
  SqliteStatement has_lease_;
  SqliteStatement add_lease_;
  SqliteStatement end_lease_;
  SqliteStatement mark_compacted_;
  SqliteStatement sweep_window_;
  SqliteStatement sweep_;
};

}  // namespace ikada
