// One decision by looking at every host: for requests that come once, and for orders of strategies
// that placement_index.h does not keep. Both choose the same host from the same state and
// generator.
#pragma once

#include <optional>

#include "cluster/scheduler/domain_table.h"
#include "cluster/scheduler/eligibility.h"
#include "cluster/scheduler/ranking.h"
#include "runtime/base/prng.h"

namespace ikada::scheduler {

// `domains` is up to date.
std::optional<HostSlot> scan(const ClusterState& state,
                             GroupId group,
                             Eligibility& eligibility,
                             const DomainTable& domains,
                             const Ranking& ranking,
                             Prng& prng);

}  // namespace ikada::scheduler
