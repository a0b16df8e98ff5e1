#include "cluster/scheduler/placement_class.h"

#include "cluster/scheduler/placement_scan.h"

namespace ikada::scheduler {
namespace {

// From this many decisions in a row on, building an index is quicker than scanning for each.
constexpr size_t kManyDecisions = 8;

}  // namespace

PlacementClass::PlacementClass(const Request& request, GroupId group, ShapeId shape)
    : group_(group),
      shape_(shape),
      eligibility_(request),
      ranking_(request.strategies),
      domains_(ranking_.strategies()) {}

bool PlacementClass::has_index(const ClusterState& state, size_t more) {
  if (ranking_.has_late_domains()) return false;
  const HostTable& hosts = state.hosts;
  const std::uint64_t now = hosts.change_count();
  const bool has_many = more >= kManyDecisions;
  // Catching up with one change costs about what a scan needs for 30 hosts.
  const std::uint64_t little = hosts.size() / (has_many ? 4 : 32) + 16;
  const bool was_used_lately = last_changes_.has_value() && now - *last_changes_ <= little;
  last_changes_ = now;
  if (index_ != nullptr && index_shape_ == hosts.shape_of_cluster() &&
      hosts.remembers(index_changes_) && now - index_changes_ <= little) {
    for (const HostSlot slot : hosts.changes_since(index_changes_)) index_->refresh(slot);
    index_changes_ = now;
    return true;
  }
  index_.reset();
  if (!has_many && !was_used_lately) return false;
  domains_.update(hosts);
  index_ = std::make_unique<PlacementIndex>(state, group_, eligibility_, domains_, ranking_);
  index_shape_ = hosts.shape_of_cluster();
  index_changes_ = now;
  return true;
}

std::optional<HostSlot> PlacementClass::choose(const ClusterState& state, Prng& prng, size_t more) {
  if (has_index(state, more)) return index_->choose(prng);
  domains_.update(state.hosts);
  return scan(state, group_, eligibility_, domains_, ranking_, prng);
}

}  // namespace ikada::scheduler
