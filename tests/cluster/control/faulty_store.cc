#include "tests/cluster/control/faulty_store.h"

#include <utility>

#include "cluster/store/store_error.h"

namespace ikada::control {
namespace {

class FaultyWatch final : public Watch {
 public:
  FaultyWatch(std::unique_ptr<Watch> watch, const FaultyStore& store)
      : watch_(std::move(watch)), store_(store) {}

  Result<KeyEvents> next(milliseconds timeout) override {
    if (store_.is_down()) return store_unavailable("the store is down");
    if (store_.is_watch_late()) return store_unavailable("the watch is late");
    return watch_->next(timeout);
  }
  void cancel() override { watch_->cancel(); }

 private:
  std::unique_ptr<Watch> watch_;
  const FaultyStore& store_;
};

}  // namespace

Duration FaultyStore::some_time() const {
  if (time_.chance(all_.slow + own_.slow)) return time_.between(milliseconds(500), seconds(8));
  return time_.between(std::chrono::microseconds(200), milliseconds(6));
}

Result<void> FaultyStore::reach() const {
  const double unavailable = all_.unavailable + own_.unavailable;
  if (is_down() || time_.chance(unavailable)) return store_unavailable("told to be unavailable");
  return {};
}

bool FaultyStore::loses_answer() const {
  return time_.chance(all_.answers_lost + own_.answers_lost);
}

Result<KeyRead> FaultyStore::get(const std::string& key) {
  IK_TRY(reach());
  return store_.get(key);
}

Result<KeyPage> FaultyStore::list(const ListOptions& options) {
  IK_TRY(reach());
  return store_.list(options);
}

Result<Commit> FaultyStore::commit(const Transaction& transaction) {
  IK_TRY(reach());
  if (all_.is_full) return store_full("told to be full");
  IK_LET(made, store_.commit(transaction));
  if (on_commit_) on_commit_(transaction, made);
  if (loses_answer()) return outcome_unknown("told to lose the answer");
  return made;
}

Result<std::unique_ptr<Watch>> FaultyStore::watch(const std::string& prefix, Revision after) {
  IK_TRY(reach());
  IK_LET(watch, store_.watch(prefix, after));
  return std::make_unique<FaultyWatch>(std::move(watch), *this);
}

Result<Lease> FaultyStore::grant_lease(std::chrono::seconds ttl) {
  IK_TRY(reach());
  if (all_.is_full) return store_full("told to be full");
  IK_LET(lease, store_.grant_lease(ttl));
  if (loses_answer()) return outcome_unknown("told to lose the answer");
  return lease;
}

Result<void> FaultyStore::keep_lease(LeaseId id) {
  IK_TRY(reach());
  IK_TRY(store_.keep_lease(id));
  if (loses_answer()) return store_unavailable("told to lose the answer");
  return {};
}

Result<void> FaultyStore::revoke_lease(LeaseId id) {
  IK_TRY(reach());
  return store_.revoke_lease(id);
}

}  // namespace ikada::control
