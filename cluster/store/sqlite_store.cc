#include "cluster/store/sqlite_store.h"

#include <sys/random.h>

#include <atomic>
#include <optional>
#include <utility>

#include "cluster/store/sqlite_work.h"
#include "cluster/store/store_error.h"

namespace ikada {
namespace {

// Never one that was there before, so that an old holder cannot take a new lease for its own.
Result<LeaseId> random_lease_id() {
  LeaseId id = 0;
  if (::getrandom(&id, sizeof id, 0) != sizeof id) return errno_error("getrandom");
  id &= INT64_MAX;
  return id == kNoLease ? LeaseId{1} : id;
}

// For calls that may simply be made again.
Error without_doubt(const Error& error) {
  return is_outcome_unknown(error) ? store_unavailable(error.message) : error;
}

}  // namespace

class SqliteWatch final : public Watch {
 public:
  SqliteWatch(SqliteStore::Work& work, std::string prefix, Revision after)
      : work_(work), prefix_(std::move(prefix)), after_(after) {}

  Result<KeyEvents> next(std::chrono::milliseconds timeout) override {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
      if (cancelled_) return watch_cancelled();
      IK_LET(found, work_.readers().with([&](SqliteReader& reader) {
        return reader.events(prefix_, after_);
      }));
      after_ = found.revision;
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      if (!found.events.empty() || left.count() <= 0) return found;
      work_.wait_for_change(after_, cancelled_, left);
    }
  }

  void cancel() override {
    cancelled_ = true;
    work_.wake_watches();
  }

 private:
  SqliteStore::Work& work_;
  const std::string prefix_;
  Revision after_;
  std::atomic<bool> cancelled_ = false;
};

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& path, Clock clock) {
  IK_LET(work, Work::open(path, std::move(clock)));
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(work)));
}

SqliteStore::SqliteStore(std::unique_ptr<Work> work) : work_(std::move(work)) {}
SqliteStore::~SqliteStore() = default;

Result<KeyRead> SqliteStore::get(const std::string& key) {
  IK_TRY(check_key(key));
  return work_->readers().with([&](SqliteReader& reader) { return reader.get(key); });
}

Result<KeyPage> SqliteStore::list(const ListOptions& options) {
  IK_TRY(check_list(options));
  return work_->readers().with([&](SqliteReader& reader) { return reader.list(options); });
}

Result<Commit> SqliteStore::commit(const Transaction& transaction) {
  IK_TRY(check_transaction(transaction));
  struct Asked {
    Transaction transaction;
    SqliteWriter::Applied applied = {};
  };
  const auto asked = std::make_shared<Asked>(Asked{.transaction = transaction});
  IK_TRY(work_->run({.change = [asked](SqliteWriter& writer) -> Result<void> {
    IK_LET(applied, writer.apply(asked->transaction));
    asked->applied = applied;
    return {};
  }}));
  if (asked->applied.missing_lease.has_value()) return lease_gone(*asked->applied.missing_lease);
  return asked->applied.commit;
}

Result<std::unique_ptr<Watch>> SqliteStore::watch(const std::string& prefix, Revision after) {
  if (after < 0) return make_error(ErrorKind::kInvalid, "store: a watch from {}", after);
  return std::make_unique<SqliteWatch>(*work_, prefix, after);
}

Result<Lease> SqliteStore::grant_lease(std::chrono::seconds ttl) {
  IK_TRY(check_ttl(ttl));
  IK_LET(id, random_lease_id());
  const Lease lease{.id = id, .ttl = ttl};
  IK_TRY(work_->run({.change = [lease](SqliteWriter& writer) { return writer.add_lease(lease); },
                     .after = [lease, work = work_.get()] { work->add_lease(lease); }}));
  return lease;
}

Result<void> SqliteStore::keep_lease(LeaseId id) { return work_->keep_lease(id); }

Result<void> SqliteStore::revoke_lease(LeaseId id) {
  const auto was_there = std::make_shared<bool>(false);
  const Result<void> done =
      work_->run({.change = [id, was_there](SqliteWriter& writer) -> Result<void> {
                    IK_LET(ended, writer.end_lease(id));
                    *was_there = ended;
                    return {};
                  },
                  .after = [id, work = work_.get()] { work->forget_lease(id); }});
  if (!done.has_value()) return without_doubt(done.error());
  if (!*was_there) return lease_gone(id);
  return {};
}

Result<void> SqliteStore::compact(Revision revision) {
  const auto is_future = std::make_shared<bool>(false);
  const Result<void> done =
      work_->run({.change = [revision, is_future](SqliteWriter& writer) -> Result<void> {
        *is_future = revision < 0 || revision > writer.revision();
        if (*is_future || revision <= writer.compacted()) return {};
        return writer.mark_compacted(revision);
      }});
  if (!done.has_value()) return without_doubt(done.error());
  if (*is_future) {
    return make_error(ErrorKind::kInvalid, "store: revision {} is not there yet", revision);
  }
  return {};
}

Result<StoreStatus> SqliteStore::status() {
  return work_->readers().with([](SqliteReader& reader) { return reader.status(); });
}

Result<void> SqliteStore::defragment() {
  return work_->run(
      {.change = [](SqliteWriter& writer) { return writer.shrink_file(); }, .is_alone = true});
}

Result<void> SqliteStore::copy_to(const std::string& path) {
  return work_->readers().with([&](SqliteReader& reader) { return reader.copy_to(path); });
}

void SqliteStore::wake() { work_->wake(); }

}  // namespace ikada
