// Which hosts may take a task. What depends on attributes alone is decided once for each set of
// attributes and remembered.
#pragma once

#include <cstdint>
#include <vector>

#include "cluster/scheduler/cluster_state.h"
#include "cluster/scheduler/obstacle.h"
#include "cluster/scheduler/request.h"

namespace ikada::scheduler {

class Eligibility {
 public:
  // Keeps what it needs of the request.
  explicit Eligibility(const Request& request);

  // Whether the host has room at all: most of those that do not take the task fail here.
  bool may_admit(const HostState& host) const {
    return host.takes_tasks && host.has_room_for(shape_.resources);
  }

  // Whether the host may take the task; `group_tasks` are those of the request's group on it.
  bool admits(const ClusterState& state, HostSlot slot, std::uint32_t group_tasks);

 private:
  enum class Verdict : std::uint8_t { kUnknown, kNo, kYes };

  bool admits_attributes(const HostTable& hosts, AttributeSetId set);
  bool admits_facts(const ClusterState& state, HostSlot slot) const;

  TaskShape shape_;
  std::vector<RequiredAttribute> required_;
  bool distinct_instance_ = false;
  std::vector<Query> of_attributes_;  // Those that ask nothing else,
  std::vector<Query> of_facts_;       // and the others.
  std::vector<Verdict> verdicts_;     // By attribute set.
  std::uint64_t set_generation_ = 0;
};

// Every obstacle, in their order; empty if the host may take the task. Without memory: for answers
// to people, and as the other half of a test.
std::vector<Obstacle> obstacles(const ClusterState& state, HostSlot slot, const Request& request);

// The first of them, or kNone.
Obstacle first_obstacle(const ClusterState& state, HostSlot slot, const Request& request);

// Whether the host has the attribute, with that value if there is one.
bool has_attribute(const Attributes& attributes, const RequiredAttribute& required);

// What a query can ask about the host. `groups` keeps the names if `asks_groups`, and outlives the
// result.
HostFacts facts_of(const ClusterState& state,
                   HostSlot slot,
                   bool asks_groups,
                   std::vector<std::string_view>& groups);

}  // namespace ikada::scheduler
