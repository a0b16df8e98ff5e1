#include "cluster/scheduler/explain.h"

#include <algorithm>
#include <map>

#include "cluster/scheduler/domain_table.h"
#include "cluster/scheduler/eligibility.h"
#include "cluster/scheduler/ranking.h"

namespace ikada::scheduler {
namespace {

// "512 MiB of memory asked, 300 of 4096 free".
std::string amount_detail(std::string_view what,
                          std::uint32_t asked,
                          std::int64_t free,
                          std::uint32_t total) {
  return fmt::format(
      "{} {} asked, {} of {} free", asked, what, std::max<std::int64_t>(free, 0), total);
}

std::string ports_detail(const ClusterState& state, HostSlot slot, const Request& request) {
  std::string text = "in use:";
  for (const HostPort& port : request.shape.ports) {
    if (state.hosts.has_ports(slot, {port})) continue;
    text += fmt::format(" {}/{}", port.port, port.protocol == Protocol::kTcp ? "tcp" : "udp");
  }
  return text;
}

std::string attribute_detail(const Attributes& attributes, const Request& request) {
  std::string text = "missing:";
  for (const RequiredAttribute& each : request.required_attributes) {
    if (has_attribute(attributes, each)) continue;
    text += " " + each.name;
    if (each.value.has_value()) text += "=" + *each.value;
  }
  return text;
}

std::string query_detail(const ClusterState& state, HostSlot slot, const Request& request) {
  for (const Query& query : request.member_of) {
    std::vector<std::string_view> groups;
    if (query.matches(facts_of(state, slot, query.asks_groups(), groups))) continue;
    return "not a member of: " + query.text();
  }
  return "";
}

std::string detail_of(const ClusterState& state,
                      HostSlot slot,
                      const Request& request,
                      Obstacle obstacle) {
  const HostState& host = state.hosts.state(slot);
  const Resources& total = state.hosts.host(slot).total;
  const Resources& asked = request.shape.resources;
  switch (obstacle) {
    case Obstacle::kNone:
      return "";
    case Obstacle::kInactive:
      return "the container instance is not active";
    case Obstacle::kDraining:
      return "the container instance is draining";
    case Obstacle::kAgent:
      return "the agent is not connected";
    case Obstacle::kDisk:
      return "the disk is nearly full";
    case Obstacle::kCpu:
      return amount_detail("CPU units", asked.cpu, host.free_cpu, total.cpu);
    case Obstacle::kMemory:
      return amount_detail(
          "MiB of memory", asked.memory_mib, host.free_memory_mib, total.memory_mib);
    case Obstacle::kPorts:
      return ports_detail(state, slot, request);
    case Obstacle::kEni:
      return amount_detail("network interfaces", asked.eni, host.free_eni, total.eni);
    case Obstacle::kGpu:
      return amount_detail("GPUs", asked.gpu, host.free_gpu, total.gpu);
    case Obstacle::kAttribute:
      return attribute_detail(state.hosts.attributes(slot), request);
    case Obstacle::kMemberOf:
      return query_detail(state, slot, request);
    case Obstacle::kDistinctInstance:
      return fmt::format("a task of {} is here", request.group);
  }
  return "";
}

// By host: how many tasks of the group it has.
std::map<HostSlot, std::uint32_t> count_group(const ClusterState& state, const std::string& group) {
  std::map<HostSlot, std::uint32_t> counts;
  for (HostSlot slot = 0; slot < state.hosts.limit(); ++slot) {
    for (TaskSlot task = state.tasks.first_on(slot); task != kNoTask;
         task = state.tasks.next(task)) {
      if (state.groups.name(state.tasks.at(task).group) == group) ++counts[slot];
    }
  }
  return counts;
}

}  // namespace

Failure failure(const ClusterState& state,
                HostSlot slot,
                const Request& request,
                Obstacle obstacle) {
  return {.host = state.hosts.host(slot).id,
          .reason = std::string(failure_reason(obstacle)),
          .detail = detail_of(state, slot, request, obstacle)};
}

std::vector<Failure> failures(const ClusterState& state, const Request& request, size_t limit) {
  std::vector<Failure> found;
  for (HostSlot slot = 0; slot < state.hosts.limit() && found.size() < limit; ++slot) {
    if (!state.hosts.state(slot).is_present) continue;
    const Obstacle obstacle = first_obstacle(state, slot, request);
    if (obstacle != Obstacle::kNone) found.push_back(failure(state, slot, request, obstacle));
  }
  return found;
}

std::vector<HostVerdict> explain(const ClusterState& state, const Request& request) {
  const Ranking ranking(request.strategies);
  DomainTable domains(ranking.strategies());
  domains.update(state.hosts);
  const std::map<HostSlot, std::uint32_t> counts = count_group(state, request.group);
  std::vector<std::uint32_t> domain_tasks(domains.domains().size());
  for (const auto& [slot, tasks] : counts) {
    for (size_t i = 0; i < domains.depth(); ++i) {
      domain_tasks[domains.path(state.hosts.state(slot)).at(i)] += tasks;
    }
  }
  std::vector<HostVerdict> verdicts;
  for (HostSlot slot = 0; slot < state.hosts.limit(); ++slot) {
    const HostState& host = state.hosts.state(slot);
    if (!host.is_present) continue;
    HostVerdict verdict{.host = state.hosts.host(slot).id, .objections = {}, .scores = {}};
    for (const Obstacle each : obstacles(state, slot, request)) {
      verdict.objections.push_back(
          {.obstacle = each, .detail = detail_of(state, slot, request, each)});
    }
    if (verdict.objections.empty()) {
      const auto count = counts.find(slot);
      const PlacementKey key = ranking.host_key(host, count == counts.end() ? 0 : count->second);
      size_t depth = 0;
      for (size_t i = 0; i < ranking.strategies().size(); ++i) {
        const bool is_domain = ranking.strategies()[i].kind == StrategyKind::kSpreadAttribute;
        verdict.scores.push_back(is_domain ? domain_tasks[domains.path(host).at(depth++)]
                                           : key.get(i));
      }
    }
    verdicts.push_back(std::move(verdict));
  }
  std::stable_sort(
      verdicts.begin(), verdicts.end(), [](const HostVerdict& a, const HostVerdict& b) {
        if (a.objections.empty() != b.objections.empty()) return a.objections.empty();
        return a.scores < b.scores;
      });
  return verdicts;
}

}  // namespace ikada::scheduler
