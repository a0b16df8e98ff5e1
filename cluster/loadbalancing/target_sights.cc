#include "cluster/loadbalancing/target_sights.h"

#include <algorithm>

namespace ikada {
namespace {

bool is_idle(const TargetObservation& one) {
  return one.state == TargetState::kDraining && one.sessions == 0;
}

bool is_alike(const TargetObservation& a, const TargetObservation& b) {
  return a.state == b.state && a.reason == b.reason && a.description == b.description &&
         is_idle(a) == is_idle(b);
}

template <typename Map, typename Compare>
bool are_alike(const Map& a, const Map& b, Compare is_like) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [&](const auto& one, const auto& other) {
        return one.first == other.first && is_like(one.second, other.second);
      });
}

}  // namespace

GroupSights::GroupSights(const TargetSights& sights, std::string_view group) {
  for (const TargetObservations& host : sights.hosts) {
    const auto found = host.find(group);
    if (found != host.end()) hosts_.push_back(&found->second);
  }
  may_be_idle_ = sights.has_all && !hosts_.empty() && hosts_.size() == sights.hosts.size();
}

std::optional<TargetObservation> GroupSights::find(std::string_view target) const {
  std::optional<TargetObservation> all;
  std::int64_t sessions = 0;
  for (const Targets* host : hosts_) {
    const auto one = host->find(target);
    if (one == host->end()) continue;
    sessions += one->second.sessions;
    if (!all.has_value()) {
      all = one->second;
    } else if (all->state != one->second.state) {
      all = TargetObservation{.reason = "Elb.InitialHealthChecking",
                              .description = "Initial health checks in progress"};
    }
  }
  if (all.has_value()) all->sessions = sessions;
  return all;
}

bool GroupSights::is_idle(std::string_view target) const {
  return may_be_idle_ && std::all_of(hosts_.begin(), hosts_.end(), [&](const Targets* host) {
           const auto one = host->find(target);
           return one != host->end() && ikada::is_idle(one->second);
         });
}

std::optional<TargetObservation> find_sight(const TargetSights& sights,
                                            std::string_view group,
                                            std::string_view target) {
  return GroupSights(sights, group).find(target);
}

bool is_news(const TargetSights& before, const TargetSights& after) {
  if (before.has_all != after.has_all) return true;
  const auto are_targets_alike = [](const auto& a, const auto& b) {
    return are_alike(a, b, is_alike);
  };
  return !std::equal(before.hosts.begin(),
                     before.hosts.end(),
                     after.hosts.begin(),
                     after.hosts.end(),
                     [&](const TargetObservations& a, const TargetObservations& b) {
                       return are_alike(a, b, are_targets_alike);
                     });
}

}  // namespace ikada
