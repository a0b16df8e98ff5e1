// A store that can be exchanged for another while it is used: how a cluster's memory goes from
// sqlite_store to etcd_store when the second manager comes.
//
// move() keeps writes back, has the content copied and the decision made, and then everybody is at
// the new store: writes that waited are made there. Their compares name revisions of the old one,
// which the new one never has, so whoever read before decides again. Watches say that they are
// compacted, so that whoever watches lists anew. Leases stay behind: they are gone.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>

#include "cluster/store/store.h"

namespace ikada {

class MovingStore final : public Store {
 public:
  explicit MovingStore(std::shared_ptr<Store> store) : store_(std::move(store)) {}

  // Reads go on meanwhile; writes wait, as long as kStoreCallLimit. `decide` copies from the old
  // one, whose content does not change, and makes sure that after a crash it is the one that it
  // returns that is opened. If it fails the old one stays in force.
  using Decide = std::function<Result<std::shared_ptr<Store>>(Store& old)>;
  Result<void> move(const Decide& decide);

  // Transactions that are under way end first, others wait while `work` runs, as long as
  // kStoreCallLimit; everything else goes on.
  Result<void> hold_commits(const std::function<Result<void>()>& work);

  std::shared_ptr<Store> current() const;

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
  class MovingWatch;

  // `write` on the store that is in force then.
  template <typename Write>
  auto when_open(Write write) -> decltype(write(std::declval<Store&>()));

  std::shared_timed_mutex gate_;       // Shared by writes, alone for move().
  std::shared_timed_mutex commits_;    // Shared by transactions, alone for hold_commits().
  std::atomic<bool> is_held_ = false;  // New ones wait, so that those under way come to an end.
  mutable std::mutex mutex_;
  std::shared_ptr<Store> store_;
  std::set<MovingWatch*> watches_;
};

}  // namespace ikada
