#include "cluster/scheduler/host_table.h"

#include <algorithm>

namespace ikada::scheduler {
namespace {

void insert_port(std::vector<HostPort>& ports, HostPort port) {
  ports.insert(std::lower_bound(ports.begin(), ports.end(), port), port);
}

void erase_port(std::vector<HostPort>& ports, HostPort port) {
  const auto found = std::lower_bound(ports.begin(), ports.end(), port);
  if (found != ports.end() && *found == port) ports.erase(found);
}

Result<void> check_host(const Host& host) {
  const Resources& total = host.total;
  for (const std::uint32_t amount : {total.cpu, total.memory_mib, total.gpu, total.eni}) {
    if (amount > Resources::kMaxAmount) {
      return make_error(
          ErrorKind::kInvalid, "host {}: an amount of {} is too much", host.id, amount);
    }
  }
  return {};
}

}  // namespace

Result<HostSlot> HostTable::put(const Host& host) {
  IK_TRY(check_host(host));
  if (sets_.is_wasteful()) renumber_attribute_sets();
  HostSlot slot = find(host.id);
  const bool is_new = slot == kNoHost;
  if (is_new) {
    slot = static_cast<HostSlot>(free_.empty() ? states_.size() : free_.back());
    if (free_.empty()) {
      states_.emplace_back();
      records_.emplace_back();
    } else {
      free_.pop_back();
    }
    slots_.emplace(host.id, slot);
  }
  HostState& state = states_[slot];
  Record& record = records_[slot];
  const AttributeSetId set = sets_.acquire(host.attributes);
  if (!is_new) sets_.release(state.attribute_set);
  if (is_new || set != state.attribute_set) ++shape_of_cluster_;

  const Resources before = is_new ? Resources() : record.host.total;
  state.free_cpu += std::int64_t{host.total.cpu} - before.cpu;
  state.free_memory_mib += std::int64_t{host.total.memory_mib} - before.memory_mib;
  state.free_gpu += std::int64_t{host.total.gpu} - before.gpu;
  state.free_eni += std::int64_t{host.total.eni} - before.eni;
  for (const HostPort port : record.host.reserved_ports) erase_port(record.used_ports, port);
  for (const HostPort port : host.reserved_ports) insert_port(record.used_ports, port);
  state.is_present = true;
  state.takes_tasks =
      host.status == HostStatus::kActive && host.agent_connected && !host.disk_pressure;
  state.attribute_set = set;
  record.host = host;
  record.host.attributes.clear();  // They are in the set.
  record_change(slot);
  return slot;
}

void HostTable::remove(HostSlot slot) {
  sets_.release(states_[slot].attribute_set);
  slots_.erase(records_[slot].host.id);
  states_[slot] = HostState();
  records_[slot] = Record();
  free_.push_back(slot);
  ++shape_of_cluster_;
  record_change(slot);
}

HostSlot HostTable::find(std::string_view id) const {
  const auto found = slots_.find(std::string(id));
  return found == slots_.end() ? kNoHost : found->second;
}

void HostTable::reserve(HostSlot slot, const TaskShape& shape) {
  HostState& state = states_[slot];
  state.free_cpu -= shape.resources.cpu;
  state.free_memory_mib -= shape.resources.memory_mib;
  state.free_gpu -= shape.resources.gpu;
  state.free_eni -= shape.resources.eni;
  for (const HostPort port : shape.ports) insert_port(records_[slot].used_ports, port);
  record_change(slot);
}

void HostTable::release(HostSlot slot, const TaskShape& shape) {
  HostState& state = states_[slot];
  state.free_cpu += shape.resources.cpu;
  state.free_memory_mib += shape.resources.memory_mib;
  state.free_gpu += shape.resources.gpu;
  state.free_eni += shape.resources.eni;
  for (const HostPort port : shape.ports) erase_port(records_[slot].used_ports, port);
  record_change(slot);
}

bool HostTable::has_ports(HostSlot slot, const std::vector<HostPort>& ports) const {
  const std::vector<HostPort>& used = records_[slot].used_ports;
  return std::none_of(ports.begin(), ports.end(), [&used](HostPort port) {
    return std::binary_search(used.begin(), used.end(), port);
  });
}

void HostTable::record_change(HostSlot slot) {
  // Whoever is further behind looks at all hosts anew.
  const size_t limit = 2 * states_.size() + 1024;
  if (changes_.size() > limit) {
    const size_t forget = changes_.size() / 2;
    changes_.erase(changes_.begin(), changes_.begin() + static_cast<std::ptrdiff_t>(forget));
    forgotten_ += forget;
  }
  changes_.push_back(slot);
}

void HostTable::renumber_attribute_sets() {
  AttributeSets fresh;
  for (HostState& state : states_) {
    if (state.is_present) state.attribute_set = fresh.acquire(sets_.at(state.attribute_set));
  }
  sets_ = std::move(fresh);
  ++set_generation_;
  ++shape_of_cluster_;
}

size_t HostTable::size_bytes() const {
  size_t sum = states_.capacity() * sizeof(HostState) + records_.capacity() * sizeof(Record) +
               changes_.capacity() * sizeof(HostSlot);
  for (const Record& record : records_) {
    sum += 2 * record.host.id.capacity() + record.used_ports.capacity() * sizeof(HostPort);
  }
  return sum;
}

}  // namespace ikada::scheduler
