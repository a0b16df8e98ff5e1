#include "tests/cluster/control/virtual_proxies.h"

#include <algorithm>
#include <utility>

namespace ikada::control {
namespace {

constexpr double kFailing = 0.02;

}  // namespace

void VirtualProxies::look(Seen& seen, bool is_draining) {
  if (is_draining) {
    if (seen.state != TargetState::kDraining) {
      seen.state = TargetState::kDraining;
      seen.idle_at = time_.now() +
                     (time_.chance(0.5) ? Duration(0) : time_.between(milliseconds(0), seconds(8)));
    }
    return;
  }
  if (time_.now() < seen.checked_at) return;
  const bool fails = !is_whole_ && time_.chance(kFailing);
  seen.state = fails ? TargetState::kUnhealthy : TargetState::kHealthy;
}

void VirtualProxies::follow(size_t manager, const BalancerPlan& plan) {
  Proxy& proxy = proxies_[manager];
  Targets targets;
  TargetObservations told;
  for (const PlannedGroup& group : plan.groups) {
    for (const PlannedTarget& each : group.targets) {
      Seen seen = proxy.targets[group.name][each.id];
      if (seen.checked_at == TimePoint{}) {
        seen.checked_at = time_.now() + time_.between(milliseconds(200), seconds(2));
      }
      look(seen, each.draining);
      const bool is_idle = seen.idle_at.has_value() && *seen.idle_at <= time_.now();
      told[group.name][each.id] = {.state = seen.state, .sessions = is_idle ? 0 : 1};
      targets[group.name][each.id] = seen;
    }
  }
  proxy.targets = std::move(targets);
  proxy.told = std::move(told);
}

TargetSights VirtualProxies::sights(size_t manager, bool forgets_others) const {
  TargetSights sights{.has_all = true};
  for (size_t i = 0; i < proxies_.size(); ++i) {
    if (forgets_others && i != manager) continue;
    if (proxies_[i].told.has_value()) {
      sights.hosts.push_back(*proxies_[i].told);
    } else {
      sights.has_all = false;
    }
  }
  return sights;
}

bool VirtualProxies::uses(const std::string& task) const {
  for (const Proxy& proxy : proxies_) {
    for (const auto& [group, targets] : proxy.targets) {
      for (const auto& [id, seen] : targets) {
        if (!id.starts_with(task + ":")) continue;
        if (!seen.idle_at.has_value() || *seen.idle_at > time_.now()) return true;
      }
    }
  }
  return false;
}

}  // namespace ikada::control
