#include "cluster/loadbalancing/target_observations.h"

#include <algorithm>

#include <fmt/format.h>

#include "cluster/loadbalancing/group_config.h"
#include "cluster/loadbalancing/rule_actions.h"

namespace ikada {
namespace {

const ProxyServer* find_in(const ProxyStatus& status,
                           const std::string& section,
                           const std::string& name) {
  const auto servers = status.servers.find(section);
  if (servers == status.servers.end()) return nullptr;
  const auto found = servers->second.find(name);
  return found == servers->second.end() ? nullptr : &found->second;
}

TargetObservation unhealthy(const ProxyServer& server) {
  TargetObservation seen;
  seen.state = TargetState::kUnhealthy;
  if (server.check_status == "L7STS" && server.check_code > 0) {
    seen.reason = "Target.ResponseCodeMismatch";
    seen.description =
        fmt::format("Health checks failed with these codes: [{}]", server.check_code);
  } else if (server.check_status.ends_with("TOUT")) {
    seen.reason = "Target.Timeout";
    seen.description = "Request timed out";
  } else {
    seen.reason = "Target.FailedHealthChecks";
    seen.description = "Health checks failed";
  }
  return seen;
}

TargetObservation initial() {
  return {.state = TargetState::kInitial,
          .reason = "Elb.InitialHealthChecking",
          .description = "Initial health checks in progress"};
}

TargetObservation draining() {
  return {.state = TargetState::kDraining,
          .reason = "Target.DeregistrationInProgress",
          .description = "Target deregistration is in progress"};
}

std::int64_t sessions_of(const ProxyServer* server) {
  return server == nullptr ? 0 : server->sessions;
}

// What workers that an older file started still do for it.
std::int64_t lingering(const ProxyStatus& status, const std::string& name) {
  const auto found = status.lingering.find(name);
  return found == status.lingering.end() ? 0 : found->second;
}

TargetObservation observe(const ProxyServer* server,
                          const PlannedGroup& group,
                          const TargetObservation* before) {
  if (server == nullptr) return initial();
  if (!has_checks(group)) {
    return {.state = TargetState::kHealthy,
            .reason = "Target.HealthCheckDisabled",
            .description = "Health checks are disabled for this target"};
  }
  if (server->is_down()) {
    TargetObservation seen = unhealthy(*server);
    // A check that is running has no code: the last reason stays.
    const bool is_known = before != nullptr && before->state == TargetState::kUnhealthy;
    if (is_known && server->check_status == "L7STS" && server->check_code == 0) return *before;
    return seen;
  }
  if (server->is_up() && server->weight > 0) return {.state = TargetState::kHealthy};
  const bool is_unchecked = !server->has_passed();
  if (is_unchecked && before != nullptr && before->state == TargetState::kUnhealthy) return *before;
  return initial();
}

}  // namespace

TargetObservations observe_targets(const ProxyStatus& status,
                                   const BalancerPlan& plan,
                                   const TargetObservations& before) {
  TargetObservations all;
  for (const PlannedGroup& group : plan.groups) {
    const auto group_before = before.find(group.name);
    auto& seen = all[group.name];
    for (const PlannedTarget& target : group.targets) {
      const std::string name = server_name(target);
      const ProxyServer* checked = find_in(status, group_section(group.name), name);
      const ProxyServer* open = find_in(status, open_section(group.name), name);
      const TargetObservation* last = nullptr;
      if (group_before != before.end()) {
        const auto found = group_before->second.find(target.id);
        if (found != group_before->second.end()) last = &found->second;
      }
      // Until HAProxy has been told, requests still come.
      const bool is_served =
          checked != nullptr && !checked->is_drained() && !checked->is_maintained();
      TargetObservation observation =
          target.draining && !is_served ? draining() : observe(checked, group, last);
      observation.sessions = sessions_of(checked) + sessions_of(open) + lingering(status, name);
      // It is only when HAProxy could delete it that surely no request is on its way.
      const bool is_there = checked != nullptr || open != nullptr;
      if (target.draining && is_there && observation.sessions == 0) observation.sessions = 1;
      seen[target.id] = std::move(observation);
    }
  }
  return all;
}

TargetObservations observe_without_proxy(const BalancerPlan& plan,
                                         const TargetObservations& before) {
  TargetObservations all;
  for (const PlannedGroup& group : plan.groups) {
    const auto group_before = before.find(group.name);
    for (const PlannedTarget& target : group.targets) {
      if (target.draining) {
        all[group.name][target.id] = draining();
        continue;
      }
      if (group_before == before.end()) continue;
      const auto last = group_before->second.find(target.id);
      if (last != group_before->second.end()) all[group.name].insert(*last);
    }
  }
  return all;
}

bool is_in_motion(const TargetObservations::mapped_type& targets) {
  return std::any_of(targets.begin(), targets.end(), [](const auto& entry) {
    const TargetObservation& seen = entry.second;
    return seen.state == TargetState::kInitial ||
           (seen.state == TargetState::kDraining && seen.sessions > 0);
  });
}

bool is_news(const TargetObservations& before, const TargetObservations& now) {
  const auto without_sessions = [](TargetObservations observations) {
    for (auto& [group, targets] : observations) {
      for (auto& [id, seen] : targets) {
        if (seen.state != TargetState::kDraining) seen.sessions = 0;
      }
    }
    return observations;
  };
  return without_sessions(before) != without_sessions(now);
}

std::map<std::string, SectionCounts> group_counts(const ProxyStatus& status,
                                                  const BalancerPlan& plan) {
  std::map<std::string, SectionCounts> all;
  for (const PlannedGroup& group : plan.groups) {
    SectionCounts& sum = all[group.name];
    for (const std::string& section : {group_section(group.name), open_section(group.name)}) {
      const auto found = status.counts.find(section);
      if (found == status.counts.end()) continue;
      const SectionCounts& counts = found->second;
      sum.requests += counts.requests;
      for (size_t i = 0; i < sum.responses.size(); ++i) sum.responses[i] += counts.responses[i];
      sum.connection_errors += counts.connection_errors;
      sum.sessions += counts.sessions;
      sum.bytes_in += counts.bytes_in;
      sum.bytes_out += counts.bytes_out;
      sum.response_ms = std::max(sum.response_ms, counts.response_ms);
    }
  }
  return all;
}

}  // namespace ikada
