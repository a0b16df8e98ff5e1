#include "cluster/scheduler/eligibility.h"

#include <algorithm>

namespace ikada::scheduler {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

Obstacle status_obstacle(const Host& host) {
  if (host.status == HostStatus::kInactive) return Obstacle::kInactive;
  if (host.status == HostStatus::kDraining) return Obstacle::kDraining;
  if (!host.agent_connected) return Obstacle::kAgent;
  return host.disk_pressure ? Obstacle::kDisk : Obstacle::kNone;
}

std::uint32_t tasks_of_group(const ClusterState& state, HostSlot slot, std::string_view group) {
  std::uint32_t count = 0;
  for (TaskSlot task = state.tasks.first_on(slot); task != kNoTask; task = state.tasks.next(task)) {
    if (state.groups.name(state.tasks.at(task).group) == group) ++count;
  }
  return count;
}

bool selects(const ClusterState& state, HostSlot slot, const Query& query) {
  std::vector<std::string_view> groups;
  return query.matches(facts_of(state, slot, query.asks_groups(), groups));
}

}  // namespace

HostFacts facts_of(const ClusterState& state,
                   HostSlot slot,
                   bool asks_groups,
                   std::vector<std::string_view>& groups) {
  const Host& host = state.hosts.host(slot);
  if (asks_groups) {
    for (TaskSlot task = state.tasks.first_on(slot); task != kNoTask;
         task = state.tasks.next(task)) {
      groups.push_back(state.groups.name(state.tasks.at(task).group));
    }
    std::sort(groups.begin(), groups.end());
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  }
  return {.agent_connected = host.agent_connected,
          .agent_version = host.agent_version,
          .ec2_instance_id = host.ec2_instance_id,
          .registered_at_s = host.registered_at / kNanosPerSecond,
          .running_tasks = state.tasks.count_on(slot),
          .attributes = &state.hosts.attributes(slot),
          .groups = groups};
}

bool has_attribute(const Attributes& attributes, const RequiredAttribute& required) {
  const auto found = attributes.find(required.name);
  return found != attributes.end() &&
         (!required.value.has_value() || *required.value == found->second);
}

std::vector<Obstacle> obstacles(const ClusterState& state, HostSlot slot, const Request& request) {
  std::vector<Obstacle> found;
  const auto check = [&found](bool is_fine, Obstacle obstacle) {
    if (!is_fine) found.push_back(obstacle);
  };
  const Obstacle status = status_obstacle(state.hosts.host(slot));
  check(status == Obstacle::kNone, status);
  const HostState& host = state.hosts.state(slot);
  const Resources& asked = request.shape.resources;
  check(host.free_cpu >= asked.cpu, Obstacle::kCpu);
  check(host.free_memory_mib >= asked.memory_mib, Obstacle::kMemory);
  check(state.hosts.has_ports(slot, request.shape.ports), Obstacle::kPorts);
  check(host.free_eni >= asked.eni, Obstacle::kEni);
  check(host.free_gpu >= asked.gpu, Obstacle::kGpu);
  const Attributes& attributes = state.hosts.attributes(slot);
  check(std::all_of(request.required_attributes.begin(),
                    request.required_attributes.end(),
                    [&attributes](const RequiredAttribute& each) {
                      return has_attribute(attributes, each);
                    }),
        Obstacle::kAttribute);
  check(std::all_of(request.member_of.begin(),
                    request.member_of.end(),
                    [&](const Query& query) { return selects(state, slot, query); }),
        Obstacle::kMemberOf);
  check(!request.distinct_instance || tasks_of_group(state, slot, request.group) == 0,
        Obstacle::kDistinctInstance);
  return found;
}

Obstacle first_obstacle(const ClusterState& state, HostSlot slot, const Request& request) {
  const std::vector<Obstacle> found = obstacles(state, slot, request);
  return found.empty() ? Obstacle::kNone : found.front();
}

Eligibility::Eligibility(const Request& request)
    : shape_(request.shape),
      required_(request.required_attributes),
      distinct_instance_(request.distinct_instance) {
  for (const Query& query : request.member_of) {
    (query.asks_only_attributes() ? of_attributes_ : of_facts_).push_back(query);
  }
}

bool Eligibility::admits(const ClusterState& state, HostSlot slot, std::uint32_t group_tasks) {
  const HostState& host = state.hosts.state(slot);
  if (!may_admit(host)) return false;
  if (distinct_instance_ && group_tasks > 0) return false;
  if (!shape_.ports.empty() && !state.hosts.has_ports(slot, shape_.ports)) return false;
  return admits_attributes(state.hosts, host.attribute_set) && admits_facts(state, slot);
}

bool Eligibility::admits_attributes(const HostTable& hosts, AttributeSetId set) {
  if (required_.empty() && of_attributes_.empty()) return true;
  if (set_generation_ != hosts.set_generation()) {
    verdicts_.clear();
    set_generation_ = hosts.set_generation();
  }
  if (set >= verdicts_.size()) verdicts_.resize(hosts.attribute_sets().limit());
  Verdict& verdict = verdicts_[set];
  if (verdict != Verdict::kUnknown) return verdict == Verdict::kYes;
  const Attributes& attributes = hosts.attribute_sets().at(set);
  const HostFacts facts = {.attributes = &attributes};
  const bool is_fine = std::all_of(required_.begin(),
                                   required_.end(),
                                   [&attributes](const RequiredAttribute& each) {
                                     return has_attribute(attributes, each);
                                   }) &&
                       std::all_of(of_attributes_.begin(),
                                   of_attributes_.end(),
                                   [&facts](const Query& query) { return query.matches(facts); });
  verdict = is_fine ? Verdict::kYes : Verdict::kNo;
  return is_fine;
}

bool Eligibility::admits_facts(const ClusterState& state, HostSlot slot) const {
  return std::all_of(of_facts_.begin(), of_facts_.end(), [&](const Query& query) {
    return selects(state, slot, query);
  });
}

}  // namespace ikada::scheduler
