// When a store forgets its history and gives space back: decided from its status alone, by who
// leads. Pure.
//
//   each minute: IK_LET(status, store.status());
//                const auto plan = housekeeping.plan(status, now);
//                if (plan.compact_to) IK_TRY(store.compact(*plan.compact_to));
//                if (plan.defragments) IK_TRY(store.defragment());
//
// History younger than `kept` stays: whoever lost its watch for less than that goes on from where
// it was. A new leader knows nothing of the past, so its first compaction comes after `kept`.
#pragma once

#include <chrono>
#include <deque>
#include <optional>

#include "cluster/store/store.h"

namespace ikada {

struct HousekeepingOptions {
  std::chrono::seconds kept{600};
  // Defragmenting stops all writes of a member for a moment: only when it frees this much, which is
  // also more than half of the file, and not more often than this.
  std::uint64_t least_waste_bytes = std::uint64_t{64} << 20;
  std::chrono::seconds least_time_between{3600};
};

class Housekeeping {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Housekeeping(const HousekeepingOptions& options) : options_(options) {}

  struct Plan {
    std::optional<Revision> compact_to;
    bool defragments = false;
  };
  Plan plan(const StoreStatus& status, TimePoint now);

 private:
  struct Seen {
    TimePoint time;
    Revision revision;
  };

  const HousekeepingOptions options_;
  std::deque<Seen> seen_;  // Oldest first.
  Revision compacted_ = 0;
  std::optional<TimePoint> defragmented_at_;
};

}  // namespace ikada
