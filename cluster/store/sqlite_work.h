// The inside of sqlite_store: the thread that writes, the jobs that wait for it, and the leases.
//
// A job's change runs in an SQL transaction together with those of other jobs; its caller wakes
// when that is on the disk. Everything here may be called from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cluster/store/sqlite_reader.h"
#include "cluster/store/sqlite_store.h"
#include "cluster/store/sqlite_writer.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

class SqliteStore::Work {
 public:
  // A failure of the change is one of the database: it takes back the changes of all jobs that
  // share the transaction. What the caller is to know goes through what the function holds, which
  // must not be the caller's own variables: it may have stopped waiting.
  using Change = std::function<Result<void>(SqliteWriter&)>;

  struct Job {
    Change change;
    std::function<void()> after = {};  // Once it is durable, with the lock held.
    bool is_alone = false;             // Runs outside of an SQL transaction.
  };

  static Result<std::unique_ptr<Work>> open(const std::string& path, Clock clock);
  ~Work();
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  // Waits until the change is durable, at most kStoreCallLimit.
  Result<void> run(Job job);

  SqliteReaders& readers() { return readers_; }

  void add_lease(const Lease& lease);  // From a job's `after`.
  void forget_lease(LeaseId id);       // Likewise.
  Result<void> keep_lease(LeaseId id);
  void wake();

  // Waits until the store's revision is above `after`, `cancelled` is set or time is up.
  void wait_for_change(Revision after,
                       const std::atomic<bool>& cancelled,
                       std::chrono::milliseconds timeout);
  void wake_watches();

 private:
  struct Waiting {
    Job job;
    enum class State { kWaiting, kRunning, kDone } state = State::kWaiting;
    std::optional<Error> failure = {};
    std::condition_variable done = {};
  };
  using Waitings = std::vector<std::shared_ptr<Waiting>>;

  struct HeldLease {
    std::chrono::seconds ttl;
    TimePoint deadline;
  };

  Work(const std::string& path, Clock clock, UniqueFd lock, SqliteWriter writer);

  void write_until_stopped();
  void wait_for_work(std::unique_lock<std::mutex>& lock);
  std::optional<TimePoint> next_deadline() const;
  Waitings take_jobs();
  std::optional<Error> make_changes(const Waitings& jobs);
  std::optional<Error> make_durable();
  void run_jobs(std::unique_lock<std::mutex>& lock, const Waitings& jobs);
  void end_due_leases(std::unique_lock<std::mutex>& lock);
  void sweep(std::unique_lock<std::mutex>& lock);

  const Clock clock_;
  const UniqueFd lock_;  // Of PATH.lock, while we live.
  SqliteReaders readers_;
  SqliteWriter writer_;  // The thread's.

  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Waiting>> waiting_;
  std::map<LeaseId, HeldLease> leases_;
  Revision revision_ = 0;  // Of what is durable.
  bool is_sweeping_ = true;
  bool is_stopping_ = false;
  std::optional<std::string> broken_;  // Why nothing more is written.
  std::thread thread_;
};

}  // namespace ikada
