#include "cluster/store/store.h"

#include <algorithm>

#include "cluster/store/store_error.h"

namespace ikada {
namespace {

constexpr std::string_view kOutcomeUnknown = "OUTCOME_UNKNOWN";
constexpr std::string_view kCompacted = "COMPACTED";
constexpr std::string_view kLeaseNotFound = "LEASE_NOT_FOUND";
constexpr std::string_view kStoreFull = "STORE_FULL";
constexpr std::string_view kWatchCancelled = "WATCH_CANCELLED";

Error coded(ErrorKind kind, std::string_view code, std::string message) {
  return Error{.kind = kind, .message = std::move(message), .code = std::string(code)};
}

}  // namespace

Transaction& Transaction::expect(std::string key, Revision modified) {
  compares.push_back({.key = std::move(key), .modified = modified});
  return *this;
}

Transaction& Transaction::put(std::string key, std::string value, LeaseId lease) {
  operations.push_back({.kind = KeyOperation::Kind::kPut,
                        .key = std::move(key),
                        .value = std::move(value),
                        .lease = lease});
  return *this;
}

Transaction& Transaction::remove(std::string key) {
  operations.push_back({.kind = KeyOperation::Kind::kRemove, .key = std::move(key)});
  return *this;
}

Result<void> check_key(std::string_view key) {
  if (key.empty()) return make_error(ErrorKind::kInvalid, "store: a key is empty");
  if (key.size() > kMaxKeyBytes) {
    return make_error(
        ErrorKind::kInvalid, "store: a key of {} bytes, at most {}", key.size(), kMaxKeyBytes);
  }
  return {};
}

Result<void> check_transaction(const Transaction& transaction) {
  if (transaction.operations.size() > kMaxOperations ||
      transaction.compares.size() > kMaxCompares) {
    return make_error(ErrorKind::kInvalid,
                      "store: a transaction of {} operations and {} compares, at most {} of each",
                      transaction.operations.size(),
                      transaction.compares.size(),
                      kMaxOperations);
  }
  size_t bytes = 0;
  for (const KeyCompare& compare : transaction.compares) {
    IK_TRY(check_key(compare.key));
    if (compare.modified < 0) {
      return make_error(ErrorKind::kInvalid, "store: a compare with revision {}", compare.modified);
    }
    bytes += compare.key.size();
  }
  std::vector<std::string_view> keys;
  keys.reserve(transaction.operations.size());
  for (const KeyOperation& operation : transaction.operations) {
    IK_TRY(check_key(operation.key));
    keys.push_back(operation.key);
    bytes += operation.key.size() + operation.value.size();
  }
  if (bytes > kMaxTransactionBytes) {
    return make_error(ErrorKind::kInvalid,
                      "store: a transaction of {} bytes, at most {}",
                      bytes,
                      kMaxTransactionBytes);
  }
  std::ranges::sort(keys);
  if (std::ranges::adjacent_find(keys) != keys.end()) {
    return make_error(ErrorKind::kInvalid, "store: a key stands in two operations");
  }
  return {};
}

Result<void> check_list(const ListOptions& options) {
  if (options.limit == 0 || options.limit > kMaxPage) {
    return make_error(
        ErrorKind::kInvalid, "store: a page of {} keys, 1 to {}", options.limit, kMaxPage);
  }
  if (options.prefix.size() > kMaxKeyBytes || options.after.size() > kMaxKeyBytes) {
    return make_error(ErrorKind::kInvalid, "store: a prefix longer than {} bytes", kMaxKeyBytes);
  }
  if (options.revision < 0) {
    return make_error(ErrorKind::kInvalid, "store: a list at revision {}", options.revision);
  }
  return {};
}

Result<void> check_ttl(std::chrono::seconds ttl) {
  if (ttl >= kMinLeaseTtl && ttl <= kMaxLeaseTtl) return {};
  return make_error(ErrorKind::kInvalid,
                    "store: a lease of {} s, {} to {}",
                    ttl.count(),
                    kMinLeaseTtl.count(),
                    kMaxLeaseTtl.count());
}

Error store_unavailable(std::string_view why) {
  return make_error(ErrorKind::kUnavailable, "{}", why);
}

Error outcome_unknown(std::string_view why) {
  return coded(ErrorKind::kUnavailable,
               kOutcomeUnknown,
               fmt::format("{}; whether it was done is not known", why));
}

Error store_full(std::string_view why) {
  return coded(ErrorKind::kUnavailable, kStoreFull, std::string(why));
}

Error revision_compacted(Revision asked, Revision compacted) {
  return coded(
      ErrorKind::kConflict,
      kCompacted,
      fmt::format("store: revision {} is compacted, history begins at {}", asked, compacted));
}

Error lease_gone(LeaseId id) {
  return coded(ErrorKind::kNotFound, kLeaseNotFound, fmt::format("store: no lease {:x}", id));
}

Error watch_cancelled() {
  return coded(ErrorKind::kConflict, kWatchCancelled, "store: the watch was cancelled");
}

bool is_outcome_unknown(const Error& error) { return error.code == kOutcomeUnknown; }
bool is_compacted(const Error& error) { return error.code == kCompacted; }
bool is_lease_gone(const Error& error) { return error.code == kLeaseNotFound; }
bool is_store_full(const Error& error) { return error.code == kStoreFull; }
bool is_watch_cancelled(const Error& error) { return error.code == kWatchCancelled; }

}  // namespace ikada
