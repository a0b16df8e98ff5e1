#include "tests/cluster/scheduler/naive_placement.h"

#include <algorithm>
#include <set>

namespace ikada::scheduler {
namespace {

std::optional<std::string> value_of(const Host& host, const std::string& attribute) {
  const auto found = host.attributes.find(attribute);
  if (found == host.attributes.end()) return std::nullopt;
  return found->second;
}

// The attributes that the request spreads over, up to and with strategy number `last`.
std::vector<std::string> spread_attributes(const Request& request, size_t last) {
  std::vector<std::string> names;
  for (size_t i = 0; i <= last && i < request.strategies.size(); ++i) {
    if (request.strategies[i].kind == StrategyKind::kRandom) break;
    if (request.strategies[i].kind == StrategyKind::kSpreadAttribute) {
      names.push_back(request.strategies[i].attribute);
    }
  }
  return names;
}

bool same_values(const Host& a, const Host& b, const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return value_of(a, name) == value_of(b, name);
  });
}

}  // namespace

void NaiveCluster::put_host(const Host& host) {
  for (std::optional<Host>& each : hosts_) {
    if (!each.has_value() || each->id != host.id) continue;
    each = host;
    return;
  }
  if (free_.empty()) {
    hosts_.emplace_back(host);
  } else {
    hosts_[free_.back()] = host;
    free_.pop_back();
  }
}

void NaiveCluster::remove_host(const std::string& id) {
  std::erase_if(tasks_, [&id](const Task& task) { return task.host == id; });
  for (size_t i = 0; i < hosts_.size(); ++i) {
    if (!hosts_[i].has_value() || hosts_[i]->id != id) continue;
    hosts_[i].reset();
    free_.push_back(i);
  }
}

void NaiveCluster::add_task(const TaskId& id,
                            const std::string& host,
                            const TaskShape& shape,
                            const std::string& group) {
  tasks_.push_back({.id = id, .host = host, .shape = shape, .group = group});
}

void NaiveCluster::remove_task(const TaskId& id) {
  std::erase_if(tasks_, [&id](const Task& task) { return task.id == id; });
}

std::vector<const NaiveCluster::Task*> NaiveCluster::tasks_on(const std::string& host) const {
  std::vector<const Task*> found;
  for (const Task& task : tasks_) {
    if (task.host == host) found.push_back(&task);
  }
  return found;
}

Resources NaiveCluster::used_on(const std::string& host) const {
  Resources used;
  for (const Task* task : tasks_on(host)) {
    used.cpu += task->shape.resources.cpu;
    used.memory_mib += task->shape.resources.memory_mib;
    used.gpu += task->shape.resources.gpu;
    used.eni += task->shape.resources.eni;
  }
  return used;
}

bool NaiveCluster::admits(const Host& host, const Request& request) const {
  if (host.status != HostStatus::kActive || !host.agent_connected || host.disk_pressure) {
    return false;
  }
  const Resources used = used_on(host.id);
  const Resources& asked = request.shape.resources;
  if (used.cpu + asked.cpu > host.total.cpu || used.gpu + asked.gpu > host.total.gpu ||
      used.memory_mib + asked.memory_mib > host.total.memory_mib ||
      used.eni + asked.eni > host.total.eni) {
    return false;
  }
  std::vector<HostPort> ports = host.reserved_ports;
  std::vector<std::string_view> groups;
  const std::vector<const Task*> tasks = tasks_on(host.id);
  for (const Task* task : tasks) {
    ports.insert(ports.end(), task->shape.ports.begin(), task->shape.ports.end());
    groups.push_back(task->group);
    if (request.distinct_instance && task->group == request.group) return false;
  }
  for (const HostPort& port : request.shape.ports) {
    if (std::find(ports.begin(), ports.end(), port) != ports.end()) return false;
  }
  for (const RequiredAttribute& each : request.required_attributes) {
    const auto value = value_of(host, each.name);
    if (!value.has_value() || (each.value.has_value() && each.value != value)) return false;
  }
  const HostFacts facts = {.agent_connected = host.agent_connected,
                           .agent_version = host.agent_version,
                           .ec2_instance_id = host.ec2_instance_id,
                           .registered_at_s = host.registered_at / 1'000'000'000,
                           .running_tasks = static_cast<std::uint32_t>(tasks.size()),
                           .attributes = &host.attributes,
                           .groups = groups};
  return std::all_of(request.member_of.begin(),
                     request.member_of.end(),
                     [&facts](const Query& query) { return query.matches(facts); });
}

std::vector<std::uint64_t> NaiveCluster::scores(const Host& host, const Request& request) const {
  std::vector<std::uint64_t> result;
  for (size_t i = 0; i < request.strategies.size(); ++i) {
    const StrategyKind kind = request.strategies[i].kind;
    if (kind == StrategyKind::kRandom) break;
    if (kind == StrategyKind::kBinpackCpu) {
      result.push_back(host.total.cpu - used_on(host.id).cpu);
    } else if (kind == StrategyKind::kBinpackMemory) {
      result.push_back(host.total.memory_mib - used_on(host.id).memory_mib);
    } else {
      std::uint64_t count = 0;
      for (const std::optional<Host>& other : hosts_) {
        if (!other.has_value()) continue;
        const bool counts = kind == StrategyKind::kSpreadHosts
                                ? other->id == host.id
                                : same_values(host, *other, spread_attributes(request, i));
        if (!counts) continue;
        for (const Task* task : tasks_on(other->id)) count += task->group == request.group;
      }
      result.push_back(count);
    }
  }
  return result;
}

// Hosts of one domain lie together, in the order in which the first host of each comes.
std::vector<size_t> NaiveCluster::order_of(size_t slot, const Request& request) const {
  std::vector<size_t> order;
  for (size_t i = 0; i < request.strategies.size(); ++i) {
    const std::vector<std::string> names = spread_attributes(request, i);
    size_t first = 0;
    while (!hosts_[first].has_value() || !same_values(*hosts_[first], *hosts_[slot], names)) {
      ++first;
    }
    if (!names.empty()) order.push_back(first);
  }
  order.push_back(slot);
  return order;
}

std::optional<std::string> NaiveCluster::place(const Request& request,
                                               const TaskId& id,
                                               Prng& prng) {
  std::vector<std::pair<std::vector<std::uint64_t>, size_t>> candidates;
  for (size_t slot = 0; slot < hosts_.size(); ++slot) {
    if (!hosts_[slot].has_value() || !admits(*hosts_[slot], request)) continue;
    candidates.emplace_back(scores(*hosts_[slot], request), slot);
  }
  if (candidates.empty()) return std::nullopt;
  const std::vector<std::uint64_t> best =
      std::min_element(candidates.begin(), candidates.end())->first;
  std::vector<std::pair<std::vector<size_t>, size_t>> ties;
  for (const auto& [score, slot] : candidates) {
    if (score == best) ties.emplace_back(order_of(slot, request), slot);
  }
  std::sort(ties.begin(), ties.end());
  const size_t slot = ties[prng.below(static_cast<std::uint32_t>(ties.size()))].second;
  add_task(id, hosts_[slot]->id, request.shape, request.group);
  return hosts_[slot]->id;
}

bool NaiveCluster::is_sound() const {
  for (const std::optional<Host>& host : hosts_) {
    if (!host.has_value()) continue;
    const Resources used = used_on(host->id);
    if (used.cpu > host->total.cpu || used.memory_mib > host->total.memory_mib ||
        used.gpu > host->total.gpu || used.eni > host->total.eni) {
      return false;
    }
    std::multiset<HostPort> ports(host->reserved_ports.begin(), host->reserved_ports.end());
    for (const Task* task : tasks_on(host->id)) {
      ports.insert(task->shape.ports.begin(), task->shape.ports.end());
    }
    for (const HostPort& port : ports) {
      if (ports.count(port) > 1) return false;
    }
  }
  return true;
}

}  // namespace ikada::scheduler
