#include "cluster/service/scale_in.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

namespace ikada::service {
namespace {

struct Counts {
  std::map<std::string, int> zones;
  std::map<std::string, int> hosts;

  void add(const Task& task, int by) {
    zones[task.availability_zone.value_or("")] += by;
    hosts[task.container_instance.value_or("")] += by;
  }
};

// The smallest goes first.
auto rank_of(const ServiceTask& each, const Counts& counts, const ServiceView& view) {
  const Task& task = *each.task;
  return std::make_tuple(is_healthy(each, view),
                         has_started(each),
                         !each.is_on_draining_host,
                         -counts.zones.at(task.availability_zone.value_or("")),
                         -counts.hosts.at(task.container_instance.value_or("")),
                         -task.created_at.value_or(Timestamp{}).milliseconds,
                         std::string_view(task.id));
}

}  // namespace

std::vector<const ServiceTask*> choose_to_stop(std::vector<const ServiceTask*> candidates,
                                               size_t count,
                                               const ServiceView& view) {
  Counts counts;
  for (const ServiceTask* each : candidates) counts.add(*each->task, 1);
  std::vector<const ServiceTask*> chosen;
  while (chosen.size() < count && !candidates.empty()) {
    const auto first = std::min_element(
        candidates.begin(), candidates.end(), [&](const ServiceTask* a, const ServiceTask* b) {
          return rank_of(*a, counts, view) < rank_of(*b, counts, view);
        });
    counts.add(*(*first)->task, -1);
    chosen.push_back(*first);
    candidates.erase(first);
  }
  return chosen;
}

}  // namespace ikada::service
