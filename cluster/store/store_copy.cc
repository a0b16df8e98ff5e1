#include "cluster/store/store_copy.h"

#include <utility>

namespace ikada {
namespace {

// Two entries of the transaction for each key: a compare and a put.
constexpr size_t kKeysAtOnce = 100;
constexpr size_t kBytesAtOnce = 700'000;
constexpr int kAttempts = 3;

Result<void> put_all(Store& to, const Transaction& transaction) {
  for (int attempt = 1;; ++attempt) {
    const Result<Commit> commit = to.commit(transaction);
    if (commit.has_value() && commit->succeeded) return {};
    if (commit.has_value()) {
      // The answer to an attempt before this one may have been lost: then they are all there.
      const KeyOperation& last = transaction.operations.back();
      IK_LET(read, to.get(last.key));
      if (attempt > 1 && read.entry.has_value() && read.entry->value == last.value) return {};
      return make_error(ErrorKind::kConflict, "copy the store: the other is not empty");
    }
    if (attempt == kAttempts || commit.error().kind != ErrorKind::kUnavailable) {
      return commit.error();
    }
  }
}

}  // namespace

Result<size_t> copy_store(Store& from, Store& to) {
  ListOptions options{.prefix = {}, .after = {}, .limit = 1000};
  size_t keys = 0;
  Transaction transaction;
  size_t bytes = 0;
  while (true) {
    IK_LET(page, from.list(options));
    for (KeyValue& entry : page.entries) {
      options.after = entry.key;
      if (entry.lease != kNoLease) continue;
      ++keys;
      const size_t size = 2 * entry.key.size() + entry.value.size();
      const bool is_full =
          transaction.operations.size() == kKeysAtOnce || bytes + size > kBytesAtOnce;
      if (is_full && !transaction.operations.empty()) {
        IK_TRY(put_all(to, std::exchange(transaction, {})));
        bytes = 0;
      }
      bytes += size;
      transaction.expect(entry.key, 0).put(entry.key, std::move(entry.value));
    }
    if (!page.more) break;
    options.revision = page.revision;
  }
  if (!transaction.operations.empty()) IK_TRY(put_all(to, transaction));
  return keys;
}

}  // namespace ikada
