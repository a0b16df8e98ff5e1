// How many tasks of each group are on which host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cluster/scheduler/host_table.h"

namespace ikada::scheduler {

using GroupId = std::uint32_t;

struct HostCount {
  HostSlot host = 0;
  std::uint32_t tasks = 0;
};

class GroupCounts {
 public:
  // The group's id, as long as release() has not been called as often as acquire().
  GroupId acquire(std::string_view name);
  void hold(GroupId id) { ++groups_[id].users; }  // As acquire(), when the id is known.
  void release(GroupId id);

  // One task more, or less. The caller holds the group.
  void add(GroupId id, HostSlot host);
  void remove(GroupId id, HostSlot host);

  std::uint32_t count(GroupId id, HostSlot host) const;

  // In the order of hosts; none with 0 tasks.
  std::span<const HostCount> hosts(GroupId id) const { return groups_[id].hosts; }
  const std::string& name(GroupId id) const { return groups_[id].name; }

  size_t size_bytes() const;

 private:
  struct Group {
    std::string name;
    std::uint32_t users = 0;
    std::vector<HostCount> hosts;
  };

  std::vector<Group> groups_;
  std::vector<GroupId> free_;
  std::unordered_map<std::string, GroupId> ids_;
};

}  // namespace ikada::scheduler
