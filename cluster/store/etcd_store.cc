#include "cluster/store/etcd_store.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <utility>

#include "cluster/store/etcd_watch.h"
#include "cluster/store/store_error.h"

namespace ikada {
namespace {

using Repeat = EtcdClient::Repeat;

constexpr size_t kKeysAtOnce = 1000;
constexpr std::chrono::seconds kDefragmentLimit{60};
// Of a compare that can never hold: revisions do not come that far.
constexpr Revision kNeverThere = INT64_MAX;

// With the lease's own number in the words.
Error name_lease(const Error& error, LeaseId id) {
  return is_lease_gone(error) ? lease_gone(id) : error;
}

// A watch from before the store moved: etcd does not know what was removed since, nor what went
// with its lease in the move.
class ForgottenWatch final : public Watch {
 public:
  ForgottenWatch(Revision after, Revision base) : after_(after), base_(base) {}

  Result<KeyEvents> next(std::chrono::milliseconds /*timeout*/) override {
    if (is_cancelled_) return watch_cancelled();
    return revision_compacted(after_, base_);
  }

  void cancel() override { is_cancelled_ = true; }

 private:
  const Revision after_;
  const Revision base_;
  std::atomic<bool> is_cancelled_ = false;
};

// A watch whose revisions are etcd's and the store's base.
class ShiftedWatch final : public Watch {
 public:
  ShiftedWatch(EtcdClient& client, const std::string& prefix, Revision after, Revision base)
      : base_(base), after_(after), watch_(client, prefix, after - base) {}

  Result<KeyEvents> next(std::chrono::milliseconds timeout) override {
    IK_LET(events, watch_.next(timeout));
    events.revision = std::max(events.revision + base_, after_);
    for (KeyEvent& event : events.events) shift(event.entry, base_);
    return events;
  }

  void cancel() override { watch_.cancel(); }

  static void shift(KeyValue& entry, Revision base) {
    if (entry.created > 0) entry.created += base;
    if (entry.modified > 0) entry.modified += base;
  }

 private:
  const Revision base_;
  const Revision after_;
  EtcdWatch watch_;
};

}  // namespace

Result<std::unique_ptr<EtcdStore>> EtcdStore::create(EtcdOptions options) {
  if (options.endpoints.empty()) return make_error(ErrorKind::kInvalid, "etcd: no endpoints");
  return std::unique_ptr<EtcdStore>(new EtcdStore(std::move(options)));
}

Result<KeyRead> EtcdStore::get(const std::string& key) {
  IK_TRY(check_key(key));
  IK_LET(body, client_.call(etcd_get(key), Repeat::kAllowed));
  IK_LET(read, parse_etcd_get(body));
  read.revision += base_;
  if (read.entry.has_value()) ShiftedWatch::shift(*read.entry, base_);
  return read;
}

// Values may be large: half as many keys if an answer was too large.
Result<KeyPage> EtcdStore::list_part(const ListOptions& options) {
  ListOptions part = options;
  part.limit = std::min(part.limit, kKeysAtOnce);
  if (part.revision > 0) {
    if (part.revision <= base_) return revision_compacted(options.revision, base_);
    part.revision -= base_;
  }
  while (true) {
    Result<std::string> body = client_.call(etcd_list(part), Repeat::kAllowed);
    if (body.has_value()) {
      IK_LET(page, parse_etcd_list(*body));
      page.revision += base_;
      for (KeyValue& entry : page.entries) ShiftedWatch::shift(entry, base_);
      return page;
    }
    if (body.error().code != "ANSWER_TOO_LARGE" || part.limit == 1) return body.error();
    part.limit /= 2;
  }
}

Result<KeyPage> EtcdStore::list(const ListOptions& options) {
  IK_TRY(check_list(options));
  ListOptions part = options;
  KeyPage page{.entries = {}, .revision = options.revision};
  while (true) {
    Result<KeyPage> got = list_part(part);
    if (!got.has_value()) {
      if (is_compacted(got.error())) return revision_compacted(part.revision, 0);
      return got.error();
    }
    if (page.revision == 0) page.revision = got->revision;
    page.more = got->more;
    std::ranges::move(got->entries, std::back_inserter(page.entries));
    if (!page.more || page.entries.size() >= options.limit) return page;
    part.after = page.entries.back().key;
    part.revision = page.revision;
    part.limit = options.limit - page.entries.size();
  }
}

Result<Commit> EtcdStore::commit(const Transaction& transaction) {
  IK_TRY(check_transaction(transaction));
  Transaction own = transaction;
  for (KeyCompare& compare : own.compares) {
    if (compare.modified == 0) continue;
    // Of the time before the move: nothing here has that revision, and none has that number.
    compare.modified = compare.modified > base_ ? compare.modified - base_ : kNeverThere;
  }
  Result<std::string> body = client_.call(etcd_commit(own), Repeat::kForbidden);
  if (body.has_value()) {
    IK_LET(commit, parse_etcd_commit(*body));
    commit.revision += base_;
    return commit;
  }
  LeaseId lease = kNoLease;
  for (const KeyOperation& operation : transaction.operations) {
    lease = std::max(lease, operation.lease);
  }
  return name_lease(body.error(), lease);
}

Result<std::unique_ptr<Watch>> EtcdStore::watch(const std::string& prefix, Revision after) {
  if (after < 0) return make_error(ErrorKind::kInvalid, "store: a watch from {}", after);
  if (base_ > 0 && after <= base_) return std::make_unique<ForgottenWatch>(after, base_);
  return std::make_unique<ShiftedWatch>(client_, prefix, after, base_);
}

Result<Lease> EtcdStore::grant_lease(std::chrono::seconds ttl) {
  IK_TRY(check_ttl(ttl));
  IK_LET(body, client_.call(etcd_grant(ttl), Repeat::kForbidden));
  return parse_etcd_grant(body);
}

Result<void> EtcdStore::keep_lease(LeaseId id) {
  IK_LET(body, client_.call(etcd_keep(id), Repeat::kAllowed));
  return parse_etcd_keep(body, id);
}

// A second time, after a lost answer, it is gone: that is not the caller's mistake, but neither can
// it be told from one.
Result<void> EtcdStore::revoke_lease(LeaseId id) {
  const Result<std::string> body = client_.call(etcd_revoke(id), Repeat::kAllowed);
  if (!body.has_value()) return name_lease(body.error(), id);
  return {};
}

Result<void> EtcdStore::compact(Revision revision) {
  if (revision <= 0) {
    if (revision == 0) return {};
    return make_error(ErrorKind::kInvalid, "store: revision {} is not there", revision);
  }
  if (revision <= base_) return {};
  const Result<std::string> body = client_.call(etcd_compact(revision - base_), Repeat::kAllowed);
  if (!body.has_value() && !is_compacted(body.error())) return body.error();
  return {};
}

Result<StoreStatus> EtcdStore::status() {
  IK_LET(body, client_.call(etcd_status(), Repeat::kAllowed));
  IK_LET(status, parse_etcd_status(body));
  status.revision += base_;
  return status;
}

Result<void> EtcdStore::defragment() {
  for (const std::string& member : client_.endpoints()) {
    IK_LET(body, client_.call_member(member, etcd_defragment(), kDefragmentLimit));
    static_cast<void>(body);
  }
  return {};
}

}  // namespace ikada
