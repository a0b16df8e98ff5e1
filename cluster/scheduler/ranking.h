// The strategies of a request as scores.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "cluster/scheduler/host_table.h"
#include "cluster/scheduler/placement_key.h"

namespace ikada::scheduler {

class Ranking {
 public:
  // What follows a random strategy has no say.
  explicit Ranking(const std::vector<Strategy>& strategies);

  const std::vector<Strategy>& strategies() const { return strategies_; }

  // How many spreads over attributes come before everything else.
  size_t leading_domains() const { return leading_domains_; }

  // Whether one comes later: then the hosts of a domain lie apart in the order of hosts.
  bool has_late_domains() const { return has_late_domains_; }

  // The score of every strategy that looks at the host alone.
  PlacementKey host_key(const HostState& host, std::uint32_t group_tasks) const;

 private:
  std::vector<Strategy> strategies_;
  size_t leading_domains_ = 0;
  bool has_late_domains_ = false;
};

// Every decision asks it of many hosts.
inline PlacementKey Ranking::host_key(const HostState& host, std::uint32_t group_tasks) const {
  PlacementKey key;
  for (size_t i = leading_domains_; i < strategies_.size(); ++i) {
    switch (strategies_[i].kind) {
      case StrategyKind::kSpreadHosts:
        key.set(i, group_tasks);
        break;
      case StrategyKind::kBinpackCpu:
        key.set(i, static_cast<std::uint32_t>(std::max<std::int64_t>(host.free_cpu, 0)));
        break;
      case StrategyKind::kBinpackMemory:
        key.set(i, static_cast<std::uint32_t>(std::max<std::int64_t>(host.free_memory_mib, 0)));
        break;
      case StrategyKind::kRandom:
      case StrategyKind::kSpreadAttribute:
        break;
    }
  }
  return key;
}

}  // namespace ikada::scheduler
