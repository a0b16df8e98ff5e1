#include "cluster/store/memory_store.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <utility>

#include "cluster/store/store_error.h"

namespace ikada {
namespace {

constexpr std::string_view kInjected = "memory store: out of reach";
constexpr size_t kMaxEventsAtOnce = 256;

struct Version {
  KeyValue entry;
  bool removed = false;
};

struct HeldLease {
  std::chrono::seconds ttl{0};
  MemoryStore::TimePoint deadline;
  std::set<std::string> keys;
};

}  // namespace

struct MemoryStore::State {
  std::mutex mutex;
  std::condition_variable changed;
  Clock clock;
  Faults faults;
  std::map<std::string, std::vector<Version>> keys;  // Versions oldest first, never none.
  std::deque<KeyEvents> log;                         // One element for each revision.
  std::map<LeaseId, HeldLease> leases;
  Revision revision = 0;
  Revision compacted = 0;
  LeaseId last_lease = kNoLease;

  StoreFault fault_of(StoreCall call);
  const Version* version_at(const std::string& key, Revision at) const;
  bool holds(const KeyCompare& compare) const;
  void apply(std::span<const KeyOperation> operations);
  void put(const KeyOperation& operation, KeyEvents& events);
  void remove(const std::string& key, KeyEvents& events);
  void end_lease(std::map<LeaseId, HeldLease>::iterator lease);
  void end_due_leases();
};

StoreFault MemoryStore::State::fault_of(StoreCall call) {
  Faults asked;
  {
    const std::lock_guard lock(mutex);
    asked = faults;
  }
  return asked ? asked(call) : StoreFault::kNone;
}

const Version* MemoryStore::State::version_at(const std::string& key, Revision at) const {
  const auto found = keys.find(key);
  if (found == keys.end()) return nullptr;
  const std::vector<Version>& versions = found->second;
  const auto behind = std::ranges::upper_bound(
      versions, at, {}, [](const Version& version) { return version.entry.modified; });
  if (behind == versions.begin() || std::prev(behind)->removed) return nullptr;
  return &*std::prev(behind);
}

bool MemoryStore::State::holds(const KeyCompare& compare) const {
  const Version* const version = version_at(compare.key, revision);
  return (version == nullptr ? 0 : version->entry.modified) == compare.modified;
}

void MemoryStore::State::put(const KeyOperation& operation, KeyEvents& events) {
  const Version* const old = version_at(operation.key, revision);
  if (old != nullptr && old->entry.lease != kNoLease) {
    leases[old->entry.lease].keys.erase(operation.key);
  }
  const KeyValue entry{.key = operation.key,
                       .value = operation.value,
                       .created = old == nullptr ? events.revision : old->entry.created,
                       .modified = events.revision,
                       .lease = operation.lease};
  keys[operation.key].push_back({.entry = entry});
  if (operation.lease != kNoLease) leases[operation.lease].keys.insert(operation.key);
  events.events.push_back({.kind = KeyOperation::Kind::kPut, .entry = entry});
}

void MemoryStore::State::remove(const std::string& key, KeyEvents& events) {
  const Version* const old = version_at(key, revision);
  if (old == nullptr) return;
  if (old->entry.lease != kNoLease) leases[old->entry.lease].keys.erase(key);
  const KeyValue gone{.key = key, .value = {}, .modified = events.revision};
  keys[key].push_back({.entry = gone, .removed = true});
  events.events.push_back({.kind = KeyOperation::Kind::kRemove, .entry = gone});
}

void MemoryStore::State::apply(std::span<const KeyOperation> operations) {
  KeyEvents events{.events = {}, .revision = revision + 1};
  for (const KeyOperation& operation : operations) {
    if (operation.kind == KeyOperation::Kind::kPut) {
      put(operation, events);
    } else {
      remove(operation.key, events);
    }
  }
  if (events.events.empty()) return;
  revision = events.revision;
  log.push_back(std::move(events));
  changed.notify_all();
}

void MemoryStore::State::end_lease(std::map<LeaseId, HeldLease>::iterator lease) {
  std::vector<KeyOperation> operations;
  for (const std::string& key : lease->second.keys) {
    operations.push_back({.kind = KeyOperation::Kind::kRemove, .key = key});
  }
  apply(operations);
  leases.erase(lease);
}

void MemoryStore::State::end_due_leases() {
  const TimePoint now = clock();
  for (auto lease = leases.begin(); lease != leases.end();) {
    const auto next = std::next(lease);
    if (lease->second.deadline <= now) end_lease(lease);
    lease = next;
  }
}

class MemoryWatch final : public Watch {
 public:
  MemoryWatch(std::shared_ptr<MemoryStore::State> state, std::string prefix, Revision after)
      : state_(std::move(state)), prefix_(std::move(prefix)), after_(after) {}

  Result<KeyEvents> next(std::chrono::milliseconds timeout) override {
    const StoreFault fault = state_->fault_of(StoreCall::kNext);
    if (fault == StoreFault::kUnavailable) return store_unavailable(kInjected);
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    std::unique_lock lock(state_->mutex);
    if (fault == StoreFault::kCompacted) lost_ = true;
    while (true) {
      state_->end_due_leases();
      if (cancelled_) return watch_cancelled();
      if (lost_ || after_ < state_->compacted) {
        return revision_compacted(after_, state_->compacted);
      }
      KeyEvents found = take();
      if (!found.events.empty() || timeout.count() == 0) return found;
      if (state_->changed.wait_until(lock, deadline) == std::cv_status::timeout) return take();
    }
  }

  void cancel() override {
    const std::lock_guard lock(state_->mutex);
    cancelled_ = true;
    state_->changed.notify_all();
  }

 private:
  KeyEvents take() {
    KeyEvents found{.events = {}, .revision = after_};
    auto entry = std::ranges::upper_bound(
        state_->log, after_, {}, [](const KeyEvents& events) { return events.revision; });
    for (; entry != state_->log.end() && found.events.size() < kMaxEventsAtOnce; ++entry) {
      for (const KeyEvent& event : entry->events) {
        if (event.entry.key.starts_with(prefix_)) found.events.push_back(event);
      }
      found.revision = entry->revision;
    }
    after_ = found.revision;
    return found;
  }

  const std::shared_ptr<MemoryStore::State> state_;
  const std::string prefix_;
  Revision after_;
  bool lost_ = false;
  bool cancelled_ = false;
};

MemoryStore::MemoryStore(Clock clock) : state_(std::make_shared<State>()) {
  state_->clock = std::move(clock);
}

void MemoryStore::set_faults(Faults faults) {
  const std::lock_guard lock(state_->mutex);
  state_->faults = std::move(faults);
}

void MemoryStore::wake() { state_->changed.notify_all(); }

Result<KeyRead> MemoryStore::get(const std::string& key) {
  IK_TRY(check_key(key));
  const StoreFault fault = state_->fault_of(StoreCall::kGet);
  if (fault == StoreFault::kUnavailable || fault == StoreFault::kAnswerLost) {
    return store_unavailable(kInjected);
  }
  const std::lock_guard lock(state_->mutex);
  state_->end_due_leases();
  KeyRead read{.entry = std::nullopt, .revision = state_->revision};
  const Version* const version = state_->version_at(key, state_->revision);
  if (version != nullptr) read.entry = version->entry;
  return read;
}

Result<KeyPage> MemoryStore::list(const ListOptions& options) {
  IK_TRY(check_list(options));
  const StoreFault fault = state_->fault_of(StoreCall::kList);
  if (fault == StoreFault::kUnavailable || fault == StoreFault::kAnswerLost) {
    return store_unavailable(kInjected);
  }
  const std::lock_guard lock(state_->mutex);
  state_->end_due_leases();
  KeyPage page{.entries = {},
               .revision = options.revision == 0 ? state_->revision : options.revision};
  if (page.revision > state_->revision) {
    return make_error(ErrorKind::kInvalid, "store: revision {} is not there yet", page.revision);
  }
  if (options.revision != 0 && page.revision < state_->compacted) {
    return revision_compacted(page.revision, state_->compacted);
  }
  auto at = state_->keys.lower_bound(options.prefix);
  if (options.after >= options.prefix) at = state_->keys.upper_bound(options.after);
  for (; at != state_->keys.end() && at->first.starts_with(options.prefix); ++at) {
    const Version* const version = state_->version_at(at->first, page.revision);
    if (version == nullptr) continue;
    if (page.entries.size() == options.limit) {
      page.more = true;
      break;
    }
    page.entries.push_back(version->entry);
  }
  return page;
}

Result<Commit> MemoryStore::commit(const Transaction& transaction) {
  IK_TRY(check_transaction(transaction));
  const StoreFault fault = state_->fault_of(StoreCall::kCommit);
  if (fault == StoreFault::kUnavailable) return store_unavailable(kInjected);
  if (fault == StoreFault::kFull) return store_full("memory store: told to be full");
  const std::lock_guard lock(state_->mutex);
  state_->end_due_leases();
  for (const KeyOperation& operation : transaction.operations) {
    if (operation.kind == KeyOperation::Kind::kPut && operation.lease != kNoLease &&
        !state_->leases.contains(operation.lease)) {
      return lease_gone(operation.lease);
    }
  }
  Commit commit;
  commit.succeeded = std::ranges::all_of(
      transaction.compares, [&](const KeyCompare& compare) { return state_->holds(compare); });
  if (commit.succeeded) state_->apply(transaction.operations);
  commit.revision = state_->revision;
  if (fault == StoreFault::kAnswerLost) return outcome_unknown(kInjected);
  return commit;
}

Result<std::unique_ptr<Watch>> MemoryStore::watch(const std::string& prefix, Revision after) {
  if (after < 0) return make_error(ErrorKind::kInvalid, "store: a watch from {}", after);
  if (state_->fault_of(StoreCall::kWatch) != StoreFault::kNone) return store_unavailable(kInjected);
  return std::make_unique<MemoryWatch>(state_, prefix, after);
}

Result<Lease> MemoryStore::grant_lease(std::chrono::seconds ttl) {
  IK_TRY(check_ttl(ttl));
  const StoreFault fault = state_->fault_of(StoreCall::kGrant);
  if (fault == StoreFault::kUnavailable) return store_unavailable(kInjected);
  if (fault == StoreFault::kFull) return store_full("memory store: told to be full");
  const std::lock_guard lock(state_->mutex);
  state_->end_due_leases();
  const Lease lease{.id = ++state_->last_lease, .ttl = ttl};
  state_->leases[lease.id] = {.ttl = ttl, .deadline = state_->clock() + ttl, .keys = {}};
  if (fault == StoreFault::kAnswerLost) return outcome_unknown(kInjected);
  return lease;
}

Result<void> MemoryStore::keep_lease(LeaseId id) {
  const StoreFault fault = state_->fault_of(StoreCall::kKeep);
  if (fault == StoreFault::kUnavailable) return store_unavailable(kInjected);
  const std::lock_guard lock(state_->mutex);
  state_->end_due_leases();
  const auto lease = state_->leases.find(id);
  if (lease == state_->leases.end()) return lease_gone(id);
  lease->second.deadline = state_->clock() + lease->second.ttl;
  if (fault == StoreFault::kAnswerLost) return store_unavailable(kInjected);
  return {};
}

Result<void> MemoryStore::revoke_lease(LeaseId id) {
  const StoreFault fault = state_->fault_of(StoreCall::kRevoke);
  if (fault == StoreFault::kUnavailable) return store_unavailable(kInjected);
  const std::lock_guard lock(state_->mutex);
  state_->end_due_leases();
  const auto lease = state_->leases.find(id);
  if (lease == state_->leases.end()) return lease_gone(id);
  state_->end_lease(lease);
  if (fault == StoreFault::kAnswerLost) return store_unavailable(kInjected);
  return {};
}

Result<void> MemoryStore::compact(Revision revision) {
  if (state_->fault_of(StoreCall::kCompact) == StoreFault::kUnavailable) {
    return store_unavailable(kInjected);
  }
  const std::lock_guard lock(state_->mutex);
  state_->end_due_leases();
  if (revision < 0 || revision > state_->revision) {
    return make_error(ErrorKind::kInvalid, "store: revision {} is not there yet", revision);
  }
  if (revision <= state_->compacted) return {};
  state_->compacted = revision;
  while (!state_->log.empty() && state_->log.front().revision <= revision) state_->log.pop_front();
  for (auto key = state_->keys.begin(); key != state_->keys.end();) {
    std::vector<Version>& versions = key->second;
    auto kept = std::ranges::upper_bound(
        versions, revision, {}, [](const Version& version) { return version.entry.modified; });
    // The version that is seen at `revision` stays, unless it is a removal.
    if (kept != versions.begin() && !std::prev(kept)->removed) --kept;
    versions.erase(versions.begin(), kept);
    key = versions.empty() ? state_->keys.erase(key) : std::next(key);
  }
  state_->changed.notify_all();
  return {};
}

Result<StoreStatus> MemoryStore::status() {
  const std::lock_guard lock(state_->mutex);
  state_->end_due_leases();
  StoreStatus status{.revision = state_->revision};
  for (const auto& [key, versions] : state_->keys) {
    for (const Version& version : versions) {
      status.used_bytes += key.size() + version.entry.value.size();
    }
  }
  status.size_bytes = status.used_bytes;
  return status;
}

Result<void> MemoryStore::defragment() { return {}; }

}  // namespace ikada
