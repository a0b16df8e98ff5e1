// All requests that differ in nothing but the task: what has been found out for one serves the
// next.
//
// Decides between two ways. The index answers in nanoseconds, but has to be built or to catch up
// with what changed since; the scan needs nothing and looks at every host.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "cluster/scheduler/placement_index.h"

namespace ikada::scheduler {

class PlacementClass {
 public:
  PlacementClass(const Request& request, GroupId group, ShapeId shape);

  GroupId group() const { return group_; }
  ShapeId shape() const { return shape_; }

  // The host for the next task; nothing if none takes it. `more` are the decisions that follow at
  // once; they decide only which way is quicker.
  std::optional<HostSlot> choose(const ClusterState& state, Prng& prng, size_t more);

  // When it was last used, for whoever keeps a limited number of these.
  std::uint64_t last_turn = 0;

 private:
  bool has_index(const ClusterState& state, size_t more);

  GroupId group_;
  ShapeId shape_;
  Eligibility eligibility_;
  Ranking ranking_;
  DomainTable domains_;
  std::unique_ptr<PlacementIndex> index_;
  std::uint64_t index_shape_ = 0;    // HostTable::shape_of_cluster() that the index is of.
  std::uint64_t index_changes_ = 0;  // HostTable::change_count() that the index knows.
  std::optional<std::uint64_t> last_changes_;  // The same at the last decision.
};

}  // namespace ikada::scheduler
