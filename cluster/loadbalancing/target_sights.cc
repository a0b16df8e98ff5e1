#include "cluster/loadbalancing/target_sights.h"

#include <algorithm>
#include <string>

namespace ikada {
namespace {

const TargetObservation* find(const TargetObservations& host,
                              std::string_view group,
                              std::string_view target) {
  const auto in = host.find(std::string(group));
  if (in == host.end()) return nullptr;
  const auto found = in->second.find(std::string(target));
  return found == in->second.end() ? nullptr : &found->second;
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

}  // namespace ikada
