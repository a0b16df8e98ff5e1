// The cluster's memory: ordered keys with revisions, transactions, watches and leases. One
// interface over sqlite_store (one manager), etcd_store (three or five) and memory_store (tests).
//
// Revisions. Every transaction that changes something raises the store's revision by one, and all
// that it changes carries that revision. A list reads all its pages at one revision; a watch told
// to start after that revision misses nothing and repeats nothing.
//
// Threads. Every call of a Store may come from any thread, several at a time, and waits: for the
// disk or for other hosts, up to kStoreCallLimit. So the daemon's loop calls from its pool. The
// Store is destroyed when no call runs and its watches are gone. A Watch is pulled by one thread
// at a time; only cancel() may come from another.
//
// What is promised. A commit that succeeded is durable, on a majority of the managers where there
// are several. get, list at revision 0 and commit are linearizable: they see every commit that was
// answered before they began.
//
// Errors, told apart by the functions at the end of this header:
//   unavailable      kUnavailable. Nothing was changed. Trying again is safe.
//   unknown outcome  kUnavailable with code OUTCOME_UNKNOWN, from commit and grant_lease only: the
//                    answer was lost. Read before trying again, unless a compare on what the
//                    transaction itself changes makes a second run fail.
//   compacted        kConflict with code COMPACTED: that revision is history no longer kept.
//   lease gone       kNotFound with code LEASE_NOT_FOUND: expired, revoked, or never there.
//   full             kUnavailable with code STORE_FULL: no space to write; reads go on.
//   kInvalid         a limit below is passed, or an argument has no meaning. A bug of the caller.
//
// Source: the data model of etcd 3 (API guarantees), which the other stores follow.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

// Counts the transactions that changed something. 0 is before all of them.
using Revision = std::int64_t;

using LeaseId = std::int64_t;
inline constexpr LeaseId kNoLease = 0;

inline constexpr size_t kMaxKeyBytes = 1024;  // Any bytes, at least one.
inline constexpr size_t kMaxOperations = 128;
inline constexpr size_t kMaxCompares = 128;
inline constexpr size_t kMaxTransactionBytes = 1'500'000;  // Keys and values, compares included.
inline constexpr size_t kMaxPage = 10'000;
inline constexpr std::chrono::seconds kMinLeaseTtl{2};
inline constexpr std::chrono::seconds kMaxLeaseTtl{86'400};
inline constexpr std::chrono::seconds kStoreCallLimit{10};

struct KeyValue {
  std::string key;
  std::string value;
  Revision created = 0;   // Of the put that made the key, after its last removal.
  Revision modified = 0;  // Of the last put.
  LeaseId lease = kNoLease;
};

struct KeyRead {
  std::optional<KeyValue> entry;  // Empty if there is no such key.
  Revision revision = 0;          // The store's, when it was read.
};

struct ListOptions {
  std::string prefix;     // Empty for all keys.
  std::string after;      // Only keys behind this one: the last key of the page before.
  size_t limit = 500;     // 1 … kMaxPage.
  Revision revision = 0;  // 0: the newest; for further pages that of the first.
};

struct KeyPage {
  std::vector<KeyValue> entries;  // In the order of their keys' bytes.
  Revision revision = 0;          // The one that was read: put it into the next page's options.
  bool more = false;
};

// Holds if `key` was last put at revision `modified`; 0: if there is no such key.
struct KeyCompare {
  std::string key;
  Revision modified = 0;
};

struct KeyOperation {
  enum class Kind { kPut, kRemove };

  Kind kind = Kind::kPut;
  std::string key;
  std::string value = {};    // Of a put.
  LeaseId lease = kNoLease;  // Of a put: the key goes when the lease goes. A put without one
                             // detaches the key.
};

// All or nothing. Each key stands in one operation at most; removing what is not there is no error.
struct Transaction {
  std::vector<KeyCompare> compares;
  std::vector<KeyOperation> operations;

  // For building: transaction.expect("a", 7).put("a", "x").remove("b").
  Transaction& expect(std::string key, Revision modified);
  Transaction& put(std::string key, std::string value, LeaseId lease = kNoLease);
  Transaction& remove(std::string key);
};

struct Commit {
  bool succeeded = false;  // False: a compare did not hold, and nothing was changed.
  Revision revision = 0;   // Of the changes; else the store's, at least that of the compares.
};

struct KeyEvent {
  KeyOperation::Kind kind = KeyOperation::Kind::kPut;
  KeyValue entry;  // Of a removal only key and `modified`, the revision that removed it.
};

// Events of whole revisions, in the order of commits.
struct KeyEvents {
  std::vector<KeyEvent> events;  // Empty: nothing came in time.
  Revision revision = 0;         // All up to here was delivered.
};

// Pulled: call next() in a loop on a thread of its own. It keeps its place, so that after
// kUnavailable (the store is out of reach; the watch goes on trying) next() may be called again.
class Watch {
 public:
  virtual ~Watch() = default;

  // Waits until there is something or `timeout` has passed. Compacted: what comes next is history
  // no longer kept; list again and start a new watch. kConflict with code WATCH_CANCELLED after
  // cancel().
  virtual Result<KeyEvents> next(std::chrono::milliseconds timeout) = 0;

  // Ends a next() that waits, and all later ones. From any thread.
  virtual void cancel() = 0;
};

struct Lease {
  LeaseId id = kNoLease;
  std::chrono::seconds ttl{0};  // As granted: never shorter than asked for, perhaps longer.
};

struct StoreStatus {
  Revision revision = 0;
  std::uint64_t size_bytes = 0;  // On disk.
  std::uint64_t used_bytes = 0;  // Of these in use; the rest comes back by defragment().
};

class Store {
 public:
  virtual ~Store() = default;

  virtual Result<KeyRead> get(const std::string& key) = 0;

  virtual Result<KeyPage> list(const ListOptions& options) = 0;

  // Checks all compares, then makes all operations. Lease gone if a put names a lease that is not
  // there.
  virtual Result<Commit> commit(const Transaction& transaction) = 0;

  // Changes of keys with `prefix` after revision `after`, which may lie in the past or be the
  // store's own. Whether it is compacted is told by next().
  virtual Result<std::unique_ptr<Watch>> watch(const std::string& prefix, Revision after) = 0;

  // A lease ends `ttl` after the last keep_lease() that succeeded, not before, and a second or so
  // later at most; then its keys are removed, in one revision or several. The holder counts from
  // before it sent the call. Kept time starts anew when the store restarts or changes its leader.
  virtual Result<Lease> grant_lease(std::chrono::seconds ttl) = 0;
  virtual Result<void> keep_lease(LeaseId id) = 0;
  virtual Result<void> revoke_lease(LeaseId id) = 0;

  // Forgets what was overwritten or removed up to `revision`: reads and watches from before it are
  // compacted. kInvalid for a revision that is not there yet; a second time is no error.
  virtual Result<void> compact(Revision revision) = 0;

  virtual Result<StoreStatus> status() = 0;

  // Gives space that compaction freed back to the file system. Other calls wait meanwhile.
  virtual Result<void> defragment() = 0;
};

// kInvalid if a limit is passed or a key stands in two operations. Every store checks this first.
Result<void> check_transaction(const Transaction& transaction);
Result<void> check_key(std::string_view key);
Result<void> check_list(const ListOptions& options);
Result<void> check_ttl(std::chrono::seconds ttl);

bool is_outcome_unknown(const Error& error);
bool is_compacted(const Error& error);
bool is_lease_gone(const Error& error);
bool is_store_full(const Error& error);
bool is_watch_cancelled(const Error& error);

}  // namespace ikada
