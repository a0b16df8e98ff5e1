#include "cluster/scheduler/placement_index.h"

namespace ikada::scheduler {

PlacementIndex::PlacementIndex(const ClusterState& state,
                               GroupId group,
                               Eligibility& eligibility,
                               const DomainTable& domains,
                               const Ranking& ranking)
    : state_(&state),
      group_(group),
      eligibility_(&eligibility),
      domains_(&domains),
      ranking_(&ranking),
      depth_(ranking.leading_domains()) {
  const std::span<const Domain> all = domains.domains();
  std::vector<std::vector<std::uint32_t>> below(depth_ == 0 ? 1 : all.size());
  for (DomainId domain = 1; domain < below.size(); ++domain) {
    below[all[domain].parent].push_back(domain);
  }
  const size_t hosts = state.hosts.limit();
  places_.resize(hosts);
  counted_.resize(hosts);
  for (HostSlot slot = 0; slot < hosts; ++slot) {
    const HostState& host = state.hosts.state(slot);
    if (!host.is_present) continue;
    std::vector<std::uint32_t>& domain = below[last_domain(host)];
    places_[slot] = static_cast<std::uint32_t>(domain.size());
    domain.push_back(slot);
  }
  nodes_.reserve(below.size());
  for (std::vector<std::uint32_t>& each : below) {
    MinTree tree(each.size());
    nodes_.push_back({.tree = std::move(tree), .group_tasks = 0, .below = std::move(each)});
  }
  count_group_tasks();
  for (HostSlot slot = 0; slot < hosts; ++slot) {
    const HostState& host = state.hosts.state(slot);
    if (!host.is_present || !host.takes_tasks) continue;
    nodes_[last_domain(host)].tree.assign(places_[slot], best_of_host(slot));
  }
  // Parents have lower numbers than their parts.
  for (size_t domain = nodes_.size() - 1; domain > 0; --domain) {
    nodes_[domain].tree.build();
    nodes_[all[domain].parent].tree.assign(all[domain].place,
                                           best_of_domain(static_cast<DomainId>(domain)));
  }
  nodes_.front().tree.build();
}

DomainId PlacementIndex::last_domain(const HostState& host) const {
  return depth_ == 0 ? 0 : domains_->path(host).at(depth_ - 1);
}

void PlacementIndex::count_group_tasks() {
  for (const HostCount& each : state_->groups.hosts(group_)) {
    counted_[each.host] = each.tasks;
    if (depth_ == 0) continue;
    const DomainTable::Path& path = domains_->path(state_->hosts.state(each.host));
    for (size_t i = 0; i < depth_; ++i) nodes_[path.at(i)].group_tasks += each.tasks;
  }
}

BestHosts PlacementIndex::best_of_host(HostSlot slot) const {
  if (!eligibility_->admits(*state_, slot, counted_[slot])) return {};
  return {.key = ranking_->host_key(state_->hosts.state(slot), counted_[slot]), .ways = 1};
}

BestHosts PlacementIndex::best_of_domain(DomainId domain) const {
  const Node& node = nodes_[domain];
  BestHosts best = node.tree.best();
  if (best.ways > 0) best.key.set(domains_->domains()[domain].depth - 1, node.group_tasks);
  return best;
}

void PlacementIndex::refresh(HostSlot slot) {
  const HostState& host = state_->hosts.state(slot);
  const std::uint32_t tasks = state_->groups.count(group_, slot);
  const std::uint32_t change = tasks - counted_[slot];  // Modulo 2^32, so it may be less.
  counted_[slot] = tasks;
  DomainId domain = last_domain(host);
  nodes_[domain].tree.set(places_[slot], best_of_host(slot));
  while (domain != 0) {
    const Domain& at = domains_->domains()[domain];
    nodes_[domain].group_tasks += change;
    nodes_[at.parent].tree.set(at.place, best_of_domain(domain));
    domain = at.parent;
  }
}

std::optional<HostSlot> PlacementIndex::choose(Prng& prng) const {
  const std::uint32_t ways = nodes_.front().tree.best().ways;
  if (ways == 0) return std::nullopt;
  MinTree::Place place{.leaf = 0, .which = prng.below(ways)};
  std::uint32_t at = 0;
  for (size_t depth = 0; depth <= depth_; ++depth) {
    const Node& node = nodes_[at];
    place = node.tree.find(place.which);
    at = node.below[place.leaf];
  }
  return at;
}

}  // namespace ikada::scheduler
