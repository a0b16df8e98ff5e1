#include "cluster/loadbalancing/balancer_serving.h"

#include <algorithm>

#include <fmt/core.h>

#include "cluster/loadbalancing/make_balancer_plan.h"

namespace ikada {
namespace {

constexpr size_t kMaxReasons = 3;

template <typename T>
std::int64_t newest(const ByName<Kept<T>>& records) {
  std::int64_t revision = 0;
  for (const auto& [name, kept] : records) revision = std::max(revision, kept.revision);
  return revision;
}

std::int64_t revision_of(const ByName<Kept<TargetGroup>>& groups,
                         const std::vector<ListenerAction>& actions) {
  std::int64_t revision = 0;
  for (const ListenerAction& action : actions) {
    for (const WeightedGroup& each : action.groups) {
      const auto group = groups.find(each.target_group);
      if (group != groups.end()) revision = std::max(revision, group->second.revision);
    }
  }
  return revision;
}

// Of what the balancer is made of.
std::int64_t wanted_revision(const ScopeState& scope,
                             const Kept<LoadBalancer>& balancer,
                             const ByName<Kept<Listener>>& listeners) {
  std::int64_t revision = std::max(balancer.revision, newest(listeners));
  for (const auto& [id, listener] : listeners) {
    const auto& groups = scope.target_groups;
    revision = std::max(revision, revision_of(groups, listener.value.default_actions));
    for (const ListenerRule& rule : listener.value.rules) {
      revision = std::max(revision, revision_of(groups, rule.actions));
    }
  }
  return revision;
}

class Reasons {
 public:
  void add(std::string reason) {
    if (++count_ <= kMaxReasons) text_ += (count_ > 1 ? "; " : "") + std::move(reason);
  }
  std::string text() const {
    if (count_ <= kMaxReasons) return text_;
    return fmt::format("{}; and {} more", text_, count_ - kMaxReasons);
  }

 private:
  size_t count_ = 0;
  std::string text_;
};

}  // namespace

std::int64_t balancing_revision(const State& state) {
  std::int64_t revision = 0;
  for (const auto& [text, scope] : state.scopes()) {
    revision = std::max({revision, newest(scope.balancers), newest(scope.target_groups)});
    for (const auto& [balancer, listeners] : scope.listeners) {
      revision = std::max(revision, newest(listeners));
    }
  }
  return revision;
}

BalancerCondition find_balancer_condition(const ScopeState& scope,
                                          const LoadBalancer& balancer,
                                          const ServingSights& sights) {
  const auto kept = scope.balancers.find(balancer.name);
  const auto listeners = scope.listeners.find(balancer.name);
  if (kept == scope.balancers.end() || sights.carriers.empty()) return {};
  if (listeners == scope.listeners.end() || listeners->second.empty()) return {};
  const std::int64_t wanted = wanted_revision(scope, kept->second, listeners->second);
  // Nobody has its address yet.
  bool is_awaited = !balancer.address.empty() && balancer.holder.empty();
  Reasons reasons;
  for (const CarrierServing& carrier : sights.carriers) {
    const Serving told = carrier.told.value_or(Serving{.revision = sights.known});
    if (wanted <= told.revision) {
      if (told.problems.empty()) continue;
      for (const auto& [id, listener] : listeners->second) {
        const auto problem = told.problems.find(planned_listener_name(balancer, listener.value));
        if (problem == told.problems.end()) continue;
        reasons.add(
            fmt::format("{}, port {}: {}", carrier.host, listener.value.port, problem->second));
      }
    } else if (const auto trouble = told.problems.find(""); trouble != told.problems.end()) {
      reasons.add(fmt::format("{}: {}", carrier.host, trouble->second));
    } else {
      is_awaited = true;
    }
  }
  if (!reasons.text().empty()) return {.code = "active_impaired", .reason = reasons.text()};
  return {.code = is_awaited ? "provisioning" : "active"};
}

}  // namespace ikada
