// The hosts, what is free on each, and which of them have changed lately.
//
// A host has a slot as long as it is there; slots of removed hosts are used again. What every
// decision looks at lies close together (HostState), the rest apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cluster/scheduler/attribute_sets.h"
#include "cluster/scheduler/host.h"
#include "cluster/scheduler/request.h"

namespace ikada::scheduler {

using HostSlot = std::uint32_t;
inline constexpr HostSlot kNoHost = UINT32_MAX;

struct HostState {
  // Less than nothing is free where more runs than the host offers, e.g. after it shrank.
  std::int64_t free_cpu = 0;
  std::int64_t free_memory_mib = 0;
  std::int64_t free_gpu = 0;
  std::int64_t free_eni = 0;
  bool is_present = false;
  bool takes_tasks = false;  // Active, agent connected, no disk pressure.
  AttributeSetId attribute_set = 0;

  bool has_room_for(const Resources& asked) const {
    return free_cpu >= asked.cpu && free_memory_mib >= asked.memory_mib && free_gpu >= asked.gpu &&
           free_eni >= asked.eni;
  }
};

class HostTable {
 public:
  // Adds the host or changes the description of the one with that id. What tasks take stays taken.
  // kInvalid if an amount is too large.
  Result<HostSlot> put(const Host& host);

  // The caller has released the shapes of all its tasks.
  void remove(HostSlot slot);

  // kNoHost if there is no such host.
  HostSlot find(std::string_view id) const;

  void reserve(HostSlot slot, const TaskShape& shape);
  void release(HostSlot slot, const TaskShape& shape);

  bool has_ports(HostSlot slot, const std::vector<HostPort>& ports) const;

  // Slots below this may be in use; HostState::is_present says so.
  size_t limit() const { return states_.size(); }
  size_t size() const { return slots_.size(); }
  const HostState& state(HostSlot slot) const { return states_[slot]; }
  std::span<const HostState> states() const { return states_; }
  const Host& host(HostSlot slot) const { return records_[slot].host; }
  const Attributes& attributes(HostSlot slot) const {
    return sets_.at(states_[slot].attribute_set);
  }
  const AttributeSets& attribute_sets() const { return sets_; }

  // Counts up when the ids of attribute sets are given anew.
  std::uint64_t set_generation() const { return set_generation_; }

  // Counts up when a host comes or goes or changes its attributes.
  std::uint64_t shape_of_cluster() const { return shape_of_cluster_; }

  // The changes so far: those from number `first` on, as slots; nothing if they are forgotten.
  std::uint64_t change_count() const { return forgotten_ + changes_.size(); }
  bool remembers(std::uint64_t first) const { return first >= forgotten_; }
  std::span<const HostSlot> changes_since(std::uint64_t first) const {
    return std::span(changes_).subspan(static_cast<size_t>(first - forgotten_));
  }

  size_t size_bytes() const;

 private:
  struct Record {
    Host host;
    std::vector<HostPort> used_ports;  // Sorted; with those reserved, and twice if taken twice.
  };

  void record_change(HostSlot slot);
  void renumber_attribute_sets();

  std::vector<HostState> states_;
  std::vector<Record> records_;
  std::vector<HostSlot> free_;
  std::unordered_map<std::string, HostSlot> slots_;
  AttributeSets sets_;
  std::uint64_t set_generation_ = 0;
  std::uint64_t shape_of_cluster_ = 0;
  std::vector<HostSlot> changes_;
  std::uint64_t forgotten_ = 0;
};

}  // namespace ikada::scheduler
