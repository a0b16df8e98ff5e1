#include "cluster/api/state_follower.h"

#include <utility>

namespace ikada {
namespace {

constexpr size_t kPage = 1000;

}  // namespace

// All records, as of one revision.
Result<State> StateFollower::list() {
  State state;
  ListOptions options;
  options.prefix = kRecordPrefix;
  options.limit = kPage;
  while (true) {
    IK_LET(page, store_.list(options));
    for (const KeyValue& entry : page.entries) {
      const Result<void> applied = state.apply(entry.key, entry.value, entry.modified);
      if (!applied.has_value()) on_error_(applied.error());
    }
    options.revision = page.revision;
    if (!page.more) break;
    options.after = page.entries.back().key;
  }
  state.set_revision(options.revision);
  is_listed_ = true;
  after_ = options.revision;
  watch_.reset();
  return state;
}

StateFollower::Pulled StateFollower::pull(std::chrono::milliseconds timeout) {
  if (!is_listed_) {
    Result<State> listed = list();
    if (!listed.has_value()) return {.must_pause = true};
    return {.listed = std::move(*listed)};
  }
  if (watch_ == nullptr) {
    // All keys, so that the state comes to every revision that a commit can have, also to those of
    // others' keys.
    Result<std::unique_ptr<Watch>> watch = store_.watch("", after_);
    if (!watch.has_value()) return {.must_pause = true};
    watch_ = std::move(*watch);
  }
  Result<KeyEvents> events = watch_->next(timeout);
  if (events.has_value()) return {.events = std::move(*events)};
  if (!is_compacted(events.error())) return {.must_pause = true};
  is_listed_ = false;
  return pull(timeout);
}

}  // namespace ikada
