// The store of a cluster with one manager: an SQLite file, durable with each commit.
//
// One thread of its own writes: it takes all transactions that wait, makes them one SQL
// transaction, and answers when that is on the disk. So many callers cost hardly more than one.
// Readers have connections of their own and wait for nobody.
//
// A disk error while a commit is written leaves its outcome unknown and stops all further writes
// with kUnavailable; opening the file anew shows what is there. A full disk stops nothing: that
// commit was not made, and the next may be.
//
// Leases count by the given clock while the store is open; on opening each gets its whole time
// anew. Only the process that has the file open may use it: it holds a lock on PATH.lock.
//
// Backups: see sqlite_backup.h.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "cluster/store/store.h"

namespace ikada {

class SqliteStore final : public Store {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Clock = std::function<TimePoint()>;

  // Makes the file if there is none; its directory exists. kConflict if another process has it;
  // other failures as open_store_file() in sqlite_schema.h.
  static Result<std::unique_ptr<SqliteStore>> open(const std::string& path,
                                                   Clock clock = &std::chrono::steady_clock::now);
  ~SqliteStore() override;

  Result<KeyRead> get(const std::string& key) override;
  Result<KeyPage> list(const ListOptions& options) override;
  Result<Commit> commit(const Transaction& transaction) override;
  Result<std::unique_ptr<Watch>> watch(const std::string& prefix, Revision after) override;
  Result<Lease> grant_lease(std::chrono::seconds ttl) override;
  Result<void> keep_lease(LeaseId id) override;
  Result<void> revoke_lease(LeaseId id) override;
  Result<void> compact(Revision revision) override;
  Result<StoreStatus> status() override;
  Result<void> defragment() override;

  // Copies the store as of one moment into the empty file at `path`; writers go on.
  Result<void> copy_to(const std::string& path);

  // Looks at a clock that was moved: ends the leases whose time is over.
  void wake();

 private:
  friend class SqliteWatch;
  class Work;

  explicit SqliteStore(std::unique_ptr<Work> work);

  std::unique_ptr<Work> work_;
};

}  // namespace ikada
