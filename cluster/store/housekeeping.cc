#include "cluster/store/housekeeping.h"

namespace ikada {
namespace {

constexpr size_t kMostSeen = 4096;

}  // namespace

Housekeeping::Plan Housekeeping::plan(const StoreStatus& status, TimePoint now) {
  Plan plan;
  while (!seen_.empty() && seen_.front().time + options_.kept <= now) {
    if (seen_.front().revision > compacted_) plan.compact_to = seen_.front().revision;
    seen_.pop_front();
  }
  if (plan.compact_to.has_value()) compacted_ = *plan.compact_to;
  const bool is_news = seen_.empty() || seen_.back().revision != status.revision;
  if (is_news && seen_.size() < kMostSeen) seen_.push_back({now, status.revision});

  const std::uint64_t waste_bytes =
      status.size_bytes > status.used_bytes ? status.size_bytes - status.used_bytes : 0;
  const bool is_worth_it =
      waste_bytes >= options_.least_waste_bytes && waste_bytes > status.used_bytes;
  const bool is_time =
      !defragmented_at_.has_value() || *defragmented_at_ + options_.least_time_between <= now;
  if (is_worth_it && is_time) {
    plan.defragments = true;
    defragmented_at_ = now;
  }
  return plan;
}

}  // namespace ikada
