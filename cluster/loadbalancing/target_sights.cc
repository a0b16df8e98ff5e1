#include "cluster/loadbalancing/target_sights.h"

#include <algorithm>

namespace ikada {
namespace {

bool is_idle(const TargetObservation& one) {
  return one.state == TargetState::kDraining && one.sessions == 0;
}

bool are_all_idle(const TargetSights& sights, std::string_view group, std::string_view target) {
  return sights.has_all &&
         std::all_of(sights.hosts.begin(), sights.hosts.end(), [&](const auto& host) {
           const auto in = host.find(group);
           if (in == host.end()) return false;
           const auto found = in->second.find(target);
           return found != in->second.end() && is_idle(found->second);
         });
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

SeenTargets put_together(const TargetSights& sights) {
  SeenTargets seen;
  for (const TargetObservations& host : sights.hosts) {
    for (const auto& [name, targets] : host) {
      GroupSights& group = seen[name];
      for (const auto& [id, one] : targets) {
        const auto [place, is_first] = group.try_emplace(id);
        TargetSight& all = place->second;
        if (is_first) {
          all = {.state = one.state, .reason = one.reason, .description = one.description};
        } else if (all.state != one.state) {
          all = {.reason = "Elb.InitialHealthChecking",
                 .description = "Initial health checks in progress"};
        }
      }
    }
  }
  for (auto& [name, group] : seen) {
    for (auto& [id, all] : group) {
      all.is_idle = all.state == TargetState::kDraining && are_all_idle(sights, name, id);
    }
  }
  return seen;
}

const TargetSight* find_sight(const SeenTargets& seen,
                              std::string_view group,
                              std::string_view target) {
  const auto in = seen.find(group);
  if (in == seen.end()) return nullptr;
  const auto found = in->second.find(target);
  return found == in->second.end() ? nullptr : &found->second;
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
