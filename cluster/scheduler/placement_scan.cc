#include "cluster/scheduler/placement_scan.h"

#include <algorithm>

namespace ikada::scheduler {
namespace {

// Tasks of the group by domain.
std::vector<std::uint32_t> count_by_domain(const ClusterState& state,
                                           GroupId group,
                                           const DomainTable& domains) {
  std::vector<std::uint32_t> tasks(domains.domains().size());
  if (domains.depth() == 0) return tasks;
  for (const HostCount& each : state.groups.hosts(group)) {
    const DomainTable::Path& path = domains.path(state.hosts.state(each.host));
    for (size_t i = 0; i < domains.depth(); ++i) tasks[path.at(i)] += each.tasks;
  }
  return tasks;
}

// Adds the scores of spreads over attributes.
void score_domains(PlacementKey& key,
                   const Ranking& ranking,
                   const DomainTable::Path& path,
                   const std::vector<std::uint32_t>& tasks) {
  size_t depth = 0;
  for (size_t i = 0; i < ranking.strategies().size(); ++i) {
    if (ranking.strategies()[i].kind != StrategyKind::kSpreadAttribute) continue;
    key.set(i, tasks[path.at(depth++)]);
  }
}

}  // namespace

std::optional<HostSlot> scan(const ClusterState& state,
                             GroupId group,
                             Eligibility& eligibility,
                             const DomainTable& domains,
                             const Ranking& ranking,
                             Prng& prng) {
  const std::vector<std::uint32_t> domain_tasks = count_by_domain(state, group, domains);
  const std::span<const HostCount> counts = state.groups.hosts(group);
  auto count = counts.begin();
  std::vector<HostSlot> best;
  PlacementKey best_key;
  for (HostSlot slot = 0; slot < state.hosts.limit(); ++slot) {
    const HostState& host = state.hosts.state(slot);
    if (!eligibility.may_admit(host)) continue;
    while (count != counts.end() && count->host < slot) ++count;
    const std::uint32_t tasks = count != counts.end() && count->host == slot ? count->tasks : 0;
    PlacementKey key = ranking.host_key(host, tasks);
    if (domains.depth() > 0) score_domains(key, ranking, domains.path(host), domain_tasks);
    if (!best.empty() && best_key < key) continue;
    // Last, because it costs most.
    if (!eligibility.admits(state, slot, tasks)) continue;
    if (best.empty() || key < best_key) best.clear();
    best_key = key;
    best.push_back(slot);
  }
  if (best.empty()) return std::nullopt;
  const auto which =
      static_cast<std::ptrdiff_t>(prng.below(static_cast<std::uint32_t>(best.size())));
  if (domains.depth() > 0) {
    // In the order of the index: domain by domain.
    std::nth_element(best.begin(), best.begin() + which, best.end(), [&](HostSlot a, HostSlot b) {
      const DomainTable::Path& path_a = domains.path(state.hosts.state(a));
      const DomainTable::Path& path_b = domains.path(state.hosts.state(b));
      return path_a != path_b ? path_a < path_b : a < b;
    });
  }
  return best[static_cast<size_t>(which)];
}

}  // namespace ikada::scheduler
