// One manager's way to the cluster's store: calls fail, take their time, lose their answers.
//
// The contents are a MemoryStore's. What really was committed is told to whoever checks it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cluster/store/memory_store.h"
#include "tests/cluster/control/virtual_time.h"

namespace ikada::control {

// How the store is doing, for all managers and for one.
struct StoreHealth {
  bool is_down = false;
  bool is_full = false;
  double unavailable = 0;
  double answers_lost = 0;
  double slow = 0;             // How many calls take seconds.
  bool is_watch_late = false;  // What is watched comes later.
};

class FaultyStore final : public Store {
 public:
  using OnCommit = std::function<void(const Transaction&, const Commit&)>;

  FaultyStore(MemoryStore& store,
              VirtualTime& time,
              const StoreHealth& all,
              const StoreHealth& own,
              OnCommit on_commit)
      : store_(store), time_(time), all_(all), own_(own), on_commit_(std::move(on_commit)) {}

  // How long it takes until a call is made.
  Duration some_time() const;
  bool is_down() const { return all_.is_down || own_.is_down; }
  bool is_watch_late() const { return all_.is_watch_late || own_.is_watch_late; }

  Result<KeyRead> get(const std::string& key) override;
  Result<KeyPage> list(const ListOptions& options) override;
  Result<Commit> commit(const Transaction& transaction) override;
  Result<std::unique_ptr<Watch>> watch(const std::string& prefix, Revision after) override;
  Result<Lease> grant_lease(std::chrono::seconds ttl) override;
  Result<void> keep_lease(LeaseId id) override;
  Result<void> revoke_lease(LeaseId id) override;
  Result<void> compact(Revision revision) override { return store_.compact(revision); }
  Result<StoreStatus> status() override { return store_.status(); }
  Result<void> defragment() override { return {}; }

 private:
  Result<void> reach() const;
  bool loses_answer() const;

  MemoryStore& store_;
  VirtualTime& time_;
  const StoreHealth& all_;
  const StoreHealth& own_;
  OnCommit on_commit_;
};

}  // namespace ikada::control
