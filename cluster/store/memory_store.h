// A store in memory, for tests and the simulator: it forgets everything when it dies, keeps to
// store.h otherwise, and fails when it is told to.
//
// It starts no thread and reads no clock but the given one, so a simulation that pulls its watches
// with a timeout of 0 is deterministic. Leases end in the first call, of any kind, after their
// time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "cluster/store/store.h"

namespace ikada {

enum class StoreCall { kGet, kList, kCommit, kWatch, kNext, kGrant, kKeep, kRevoke, kCompact };

enum class StoreFault {
  kNone,
  kUnavailable,  // Nothing is done.
  kAnswerLost,   // It is done, and then the answer is lost.
  kFull,         // Nothing is done: no space. For calls that write; others go on.
  kCompacted,    // Of kNext: the watch's place is compacted.
};

class MemoryStore final : public Store {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Clock = std::function<TimePoint()>;
  using Faults = std::function<StoreFault(StoreCall)>;

  explicit MemoryStore(Clock clock = &std::chrono::steady_clock::now);

  // Asked before each call, without a lock held: to be slow it waits or moves the clock.
  void set_faults(Faults faults);

  // Lets a next() that waits look at a clock that was moved.
  void wake();

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

 private:
  friend class MemoryWatch;
  struct State;

  std::shared_ptr<State> state_;
};

}  // namespace ikada
