#include "cluster/store/moving_store.h"

#include <thread>
#include <utility>

#include "cluster/store/store_error.h"

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kHeldPause{5};

}  // namespace

class MovingStore::MovingWatch final : public Watch {
 public:
  MovingWatch(MovingStore& owner, std::shared_ptr<Store> store, std::unique_ptr<Watch> watch)
      : owner_(owner), store_(std::move(store)), watch_(std::move(watch)) {
    const std::lock_guard lock(owner_.mutex_);
    owner_.watches_.insert(this);
  }

  ~MovingWatch() override {
    const std::lock_guard lock(owner_.mutex_);
    owner_.watches_.erase(this);
  }

  Result<KeyEvents> next(std::chrono::milliseconds timeout) override {
    Result<KeyEvents> events = watch_->next(timeout);
    if (owner_.current() == store_) return events;
    if (!events.has_value() && !is_watch_cancelled(events.error())) return events;
    // Cancelled by whoever has it, or by the move, or just before it: what came last is listed
    // again.
    return is_cancelled_ ? Result<KeyEvents>(watch_cancelled()) : revision_compacted(0, 0);
  }

  void cancel() override {
    is_cancelled_ = true;
    watch_->cancel();
  }

  void leave() { watch_->cancel(); }

 private:
  MovingStore& owner_;
  std::shared_ptr<Store> store_;  // Lives as long as its watch.
  std::unique_ptr<Watch> watch_;
  std::atomic<bool> is_cancelled_ = false;
};

std::shared_ptr<Store> MovingStore::current() const {
  const std::lock_guard lock(mutex_);
  return store_;
}

Result<void> MovingStore::move(const Decide& decide) {
  const std::unique_lock alone(gate_);
  const std::shared_ptr<Store> old = current();
  IK_LET(next, decide(*old));
  const std::lock_guard lock(mutex_);
  store_ = std::move(next);
  for (MovingWatch* watch : watches_) watch->leave();
  return {};
}

template <typename Write>
auto MovingStore::when_open(Write write) -> decltype(write(std::declval<Store&>())) {
  const std::shared_lock lock(gate_, kStoreCallLimit);
  if (!lock.owns_lock()) return store_unavailable("the store is being moved to the managers' etcd");
  return write(*current());
}

Result<KeyRead> MovingStore::get(const std::string& key) { return current()->get(key); }

Result<KeyPage> MovingStore::list(const ListOptions& options) { return current()->list(options); }

Result<void> MovingStore::hold_commits(const std::function<Result<void>()>& work) {
  is_held_ = true;
  const std::unique_lock alone(commits_);
  Result<void> done = work();
  is_held_ = false;
  return done;
}

Result<Commit> MovingStore::commit(const Transaction& transaction) {
  const auto deadline = std::chrono::steady_clock::now() + kStoreCallLimit;
  while (is_held_ && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kHeldPause);
  }
  const std::shared_lock held(commits_, deadline);
  if (!held.owns_lock()) return store_unavailable("members of etcd are being started anew");
  return when_open([&](Store& store) { return store.commit(transaction); });
}

Result<std::unique_ptr<Watch>> MovingStore::watch(const std::string& prefix, Revision after) {
  const std::shared_ptr<Store> store = current();
  IK_LET(watch, store->watch(prefix, after));
  return std::make_unique<MovingWatch>(*this, store, std::move(watch));
}

Result<Lease> MovingStore::grant_lease(std::chrono::seconds ttl) {
  return when_open([&](Store& store) { return store.grant_lease(ttl); });
}

Result<void> MovingStore::keep_lease(LeaseId id) {
  return when_open([&](Store& store) { return store.keep_lease(id); });
}

Result<void> MovingStore::revoke_lease(LeaseId id) {
  return when_open([&](Store& store) { return store.revoke_lease(id); });
}

Result<void> MovingStore::compact(Revision revision) {
  return when_open([&](Store& store) { return store.compact(revision); });
}

Result<StoreStatus> MovingStore::status() { return current()->status(); }

Result<void> MovingStore::defragment() { return current()->defragment(); }

}  // namespace ikada
