#include "cluster/service/scale_in.h"

#include <algorithm>
#include <map>
#include <string>

namespace ikada::service {
namespace {

// What decides about a candidate, without a look into its record.
struct Candidate {
  const ServiceTask* task = nullptr;
  int standing = 0;  // Lower goes first.
  int* in_zone = nullptr;
  int* on_host = nullptr;
  std::int64_t created_ms = 0;
};

int standing_of(const ServiceTask& each, const ServiceView& view) {
  constexpr int kHealthy = 4;
  constexpr int kStarted = 2;
  return (is_healthy(each, view) ? kHealthy : 0) + (has_started(each) ? kStarted : 0) +
         (each.is_on_draining_host ? 0 : 1);
}

bool goes_before(const Candidate& a, const Candidate& b) {
  if (a.standing != b.standing) return a.standing < b.standing;
  if (*a.in_zone != *b.in_zone) return *a.in_zone > *b.in_zone;
  if (*a.on_host != *b.on_host) return *a.on_host > *b.on_host;
  if (a.created_ms != b.created_ms) return a.created_ms > b.created_ms;
  return a.task->task->id < b.task->task->id;
}

}  // namespace

std::vector<const ServiceTask*> choose_to_stop(const std::vector<const ServiceTask*>& candidates,
                                               size_t count,
                                               const ServiceView& view) {
  std::map<std::string, int> zones;
  std::map<std::string, int> hosts;
  std::vector<Candidate> left;
  for (const ServiceTask* each : candidates) {
    const Task& task = *each->task;
    left.push_back({.task = each,
                    .standing = standing_of(*each, view),
                    .in_zone = &zones[task.availability_zone.value_or("")],
                    .on_host = &hosts[task.container_instance.value_or("")],
                    .created_ms = task.created_at.value_or(Timestamp{}).milliseconds});
    ++*left.back().in_zone;
    ++*left.back().on_host;
  }
  std::vector<const ServiceTask*> chosen;
  while (chosen.size() < count && !left.empty()) {
    const auto first = std::min_element(left.begin(), left.end(), goes_before);
    --*first->in_zone;
    --*first->on_host;
    chosen.push_back(first->task);
    *first = left.back();
    left.pop_back();
  }
  return chosen;
}

}  // namespace ikada::service
