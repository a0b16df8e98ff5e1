#include "cluster/service/scale_in.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "cluster/model/container_instance.h"
#include "runtime/base/text.h"

namespace ikada::service {
namespace {

constexpr std::string_view kZoneField = "attribute:ecs.availability-zone";
constexpr std::string_view kAttribute = "attribute:";

// What a strategy goes by, of the place where a task is: how many of the candidates are there, or
// what is free there. Where there would be most without the task, it goes first.
struct Measure {
  std::int64_t* amount = nullptr;
  std::int64_t change = 0;  // When the task has gone.

  std::int64_t without() const { return *amount + change; }
};

// The measures of a service's placement strategies, in their order.
class Strategies {
 public:
  explicit Strategies(const ServiceView& view) {
    for (const PlacementStrategy& each : view.service->placement_strategy) {
      if (each.type == "random") break;
      strategies_.push_back({.type = each.type, .field = each.field});
      if (each.type == "binpack") add_free(view, strategies_.back());
    }
    if (!strategies_.empty()) return;
    strategies_.push_back({.type = "spread", .field = std::string(kZoneField)});
    strategies_.push_back({.type = "spread", .field = "instanceId"});
  }

  // Counts the candidate. Good as long as this is.
  std::vector<Measure> measures_of(const ServiceTask& candidate) {
    std::vector<Measure> measures;
    for (Strategy& each : strategies_) {
      std::int64_t& amount = each.amounts[place_of(candidate, each)];
      const bool counts = each.type != "binpack";
      if (counts) ++amount;
      measures.push_back(
          {.amount = &amount, .change = counts ? -1 : held_by(*candidate.task, each)});
    }
    return measures;
  }

 private:
  struct Strategy {
    std::string type;
    std::string field;
    std::map<std::string, std::int64_t> amounts = {};  // By place.
  };

  static bool is_cpu(const Strategy& strategy) { return lower_case(strategy.field) == "cpu"; }

  static std::int64_t held_by(const Task& task, const Strategy& strategy) {
    return is_cpu(strategy) ? task.reservation.cpu_units : task.reservation.memory_mib;
  }

  static std::string place_of(const ServiceTask& each, const Strategy& strategy) {
    if (strategy.field == kZoneField) return each.task->availability_zone.value_or("");
    if (strategy.type == "binpack" || !strategy.field.starts_with(kAttribute)) {
      return each.task->container_instance.value_or("");
    }
    if (each.host == nullptr) return "";
    const std::string_view name = std::string_view(strategy.field).substr(kAttribute.size());
    const Attribute* found = find_attribute(each.host->attributes, name);
    return found == nullptr ? "" : found->value.value_or("");
  }

  // What is free on the hosts of the service's tasks when those on their way out have gone.
  static void add_free(const ServiceView& view, Strategy& strategy) {
    for (const ServiceTask& each : view.tasks) {
      if (each.host == nullptr || each.reserved == nullptr) continue;
      const auto [free, is_new] = strategy.amounts.try_emplace(place_of(each, strategy), 0);
      if (is_new) {
        const Amounts all = registered_amounts(*each.host);
        free->second = is_cpu(strategy) ? all.cpu_units - each.reserved->cpu_units
                                        : all.memory_mib - each.reserved->memory_mib;
      }
      const bool is_leaving = each.task->last_status != TaskStatus::kStopped && !is_live(each);
      if (is_leaving) free->second += held_by(*each.task, strategy);
    }
  }

  std::vector<Strategy> strategies_;
};

// What decides about a candidate, without a look into its record.
struct Candidate {
  const ServiceTask* task = nullptr;
  int standing = 0;  // Lower goes first.
  std::vector<Measure> measures = {};
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
  for (size_t i = 0; i < a.measures.size(); ++i) {
    const std::int64_t of_a = a.measures[i].without();
    const std::int64_t of_b = b.measures[i].without();
    if (of_a != of_b) return of_a > of_b;
  }
  if (a.created_ms != b.created_ms) return a.created_ms > b.created_ms;
  return a.task->task->id < b.task->task->id;
}

}  // namespace

std::vector<const ServiceTask*> choose_to_stop(const std::vector<const ServiceTask*>& candidates,
                                               size_t count,
                                               const ServiceView& view) {
  Strategies strategies(view);
  std::vector<Candidate> left;
  for (const ServiceTask* each : candidates) {
    const Task& task = *each->task;
    left.push_back({.task = each,
                    .standing = standing_of(*each, view),
                    .measures = strategies.measures_of(*each),
                    .created_ms = task.created_at.value_or(Timestamp{}).milliseconds});
  }
  std::vector<const ServiceTask*> chosen;
  while (chosen.size() < count && !left.empty()) {
    const auto first = std::min_element(left.begin(), left.end(), goes_before);
    for (const Measure& each : first->measures) *each.amount += each.change;
    chosen.push_back(first->task);
    std::swap(*first, left.back());
    left.pop_back();
  }
  return chosen;
}

}  // namespace ikada::service
