#include "cluster/scheduler/group_counts.h"

#include <algorithm>

namespace ikada::scheduler {
namespace {

bool is_before(const HostCount& entry, HostSlot host) { return entry.host < host; }

}  // namespace

GroupId GroupCounts::acquire(std::string_view name) {
  const auto next = static_cast<GroupId>(free_.empty() ? groups_.size() : free_.back());
  const auto [found, is_new] = ids_.try_emplace(std::string(name), next);
  if (is_new) {
    if (free_.empty()) {
      groups_.emplace_back();
    } else {
      free_.pop_back();
    }
    groups_[next].name = name;
  }
  ++groups_[found->second].users;
  return found->second;
}

void GroupCounts::release(GroupId id) {
  Group& group = groups_[id];
  if (--group.users > 0) return;
  ids_.erase(group.name);
  group = Group();
  free_.push_back(id);
}

void GroupCounts::add(GroupId id, HostSlot host) {
  std::vector<HostCount>& hosts = groups_[id].hosts;
  const auto found = std::lower_bound(hosts.begin(), hosts.end(), host, is_before);
  if (found != hosts.end() && found->host == host) {
    ++found->tasks;
  } else {
    hosts.insert(found, {.host = host, .tasks = 1});
  }
}

void GroupCounts::remove(GroupId id, HostSlot host) {
  std::vector<HostCount>& hosts = groups_[id].hosts;
  const auto found = std::lower_bound(hosts.begin(), hosts.end(), host, is_before);
  if (found == hosts.end() || found->host != host) return;
  if (--found->tasks == 0) hosts.erase(found);
}

std::uint32_t GroupCounts::count(GroupId id, HostSlot host) const {
  const std::vector<HostCount>& hosts = groups_[id].hosts;
  const auto found = std::lower_bound(hosts.begin(), hosts.end(), host, is_before);
  return found != hosts.end() && found->host == host ? found->tasks : 0;
}

size_t GroupCounts::size_bytes() const {
  size_t sum = groups_.capacity() * sizeof(Group) + free_.capacity() * sizeof(GroupId);
  for (const Group& group : groups_) {
    sum += group.hosts.capacity() * sizeof(HostCount) + 2 * group.name.capacity();
  }
  return sum + ids_.size() * (sizeof(std::string) + 4 * sizeof(void*));
}

}  // namespace ikada::scheduler
