#include "cluster/loadbalancing/target_sights.h"

#include <algorithm>

namespace ikada {
namespace {

const TargetObservation* find(const TargetObservations& host,
                              std::string_view group,
                              std::string_view target) {
  const auto in = host.find(group);
  if (in == host.end()) return nullptr;
  const auto found = in->second.find(target);
  return found == in->second.end() ? nullptr : &found->second;
}

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

std::optional<TargetObservation> find_sight(const TargetSights& sights,
                                            std::string_view group,
                                            std::string_view target) {
  std::optional<TargetObservation> all;
  std::int64_t sessions = 0;
  for (const TargetObservations& host : sights.hosts) {
    const TargetObservation* one = find(host, group, target);
    if (one == nullptr) continue;
    sessions += one->sessions;
    if (!all.has_value()) {
      all = *one;
    } else if (all->state != one->state) {
      all = TargetObservation{.reason = "Elb.InitialHealthChecking",
                              .description = "Initial health checks in progress"};
    }
  }
  if (all.has_value()) all->sessions = sessions;
  return all;
}

bool is_idle(const TargetSights& sights, std::string_view group, std::string_view target) {
  if (!sights.has_all || sights.hosts.empty()) return false;
  return std::all_of(sights.hosts.begin(), sights.hosts.end(), [&](const auto& host) {
    const TargetObservation* one = find(host, group, target);
    return one != nullptr && one->state == TargetState::kDraining && one->sessions == 0;
  });
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
