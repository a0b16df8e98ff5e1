#include "cluster/service/rebalance.h"

#include <algorithm>
#include <limits>
#include <set>

#include <fmt/core.h>

#include "cluster/service/image_pins.h"
#include "cluster/service/rollout.h"

namespace ikada::service {
namespace {

constexpr std::chrono::minutes kLongestMove{10};
constexpr std::chrono::seconds kPause{30};
constexpr std::chrono::minutes kAgainWithoutRoom{5};
constexpr std::int32_t kMostMoves = 5;
constexpr std::int32_t kMovedShare = 10;  // One of so many tasks at a time.
constexpr int kUneven = 2;

using Load = std::map<std::string, int>;

// How the tasks sit.
struct Spread {
  Load zones = {};
  Load hosts = {};
};

std::string host_of(const ServiceTask& task) { return task.task->container_instance.value_or(""); }

Spread spread_of(const ServiceView& view) {
  Spread spread;
  for (const auto& [id, host] : view.balance) {
    spread.hosts[id] = 0;
    spread.zones[host.zone] += 0;
  }
  for (const ServiceTask& each : view.tasks) {
    const auto host = view.balance.find(host_of(each));
    if (!is_live(each) || host == view.balance.end()) continue;
    ++spread.hosts[host->first];
    ++spread.zones[host->second.zone];
  }
  return spread;
}

// The newest that may go.
const ServiceTask* find_movable(const ServiceView& view,
                                const std::string& host,
                                const std::set<std::string>& moving) {
  const ServiceTask* newest = nullptr;
  for (const ServiceTask& each : view.tasks) {
    if (!is_live(each) || host_of(each) != host || is_protected(each, view)) continue;
    if (moving.count(each.task->id) != 0) continue;
    if (newest == nullptr || newest->task->created_at < each.task->created_at) newest = &each;
  }
  return newest;
}

struct Move {
  const ServiceTask* task = nullptr;
  std::string from = {};
  std::string to = {};
};

class MovePlan {
 public:
  explicit MovePlan(const ServiceView& view) : view_(view), spread_(spread_of(view)) {}

  // The move that evens most; without a task if there is none.
  Move next() {
    Move best;
    int best_gain = 0;
    for (const auto& [to, host] : view_.balance) {
      if (!host.has_room || taken_.count(to) != 0) continue;
      for (const auto& [from, count] : spread_.hosts) {
        if (count == 0) continue;
        const int gain = gain_of(from, to);
        if (gain <= best_gain) continue;
        const ServiceTask* task = find_movable(view_, from, moving_);
        if (task == nullptr) continue;
        best = {.task = task, .from = from, .to = to};
        best_gain = gain;
      }
    }
    if (best.task != nullptr) note(best);
    return best;
  }

  const Spread& spread() const { return spread_; }

 private:
  // Between zones always before between hosts; 0: it would not be more even.
  int gain_of(const std::string& from, const std::string& to) const {
    constexpr int kZonesFirst = 1 << 16;
    const std::string& from_zone = view_.balance.at(from).zone;
    const std::string& to_zone = view_.balance.at(to).zone;
    const int hosts = spread_.hosts.at(from) - spread_.hosts.at(to);
    if (from_zone == to_zone) return hosts >= kUneven ? hosts : 0;
    const int zones = spread_.zones.at(from_zone) - spread_.zones.at(to_zone);
    if (zones < kUneven) return 0;
    return zones * kZonesFirst + hosts + kZonesFirst / 2;
  }

  void note(const Move& move) {
    moving_.insert(move.task->task->id);
    taken_.insert(move.to);
    --spread_.hosts[move.from];
    ++spread_.hosts[move.to];
    --spread_.zones[view_.balance.at(move.from).zone];
    ++spread_.zones[view_.balance.at(move.to).zone];
  }

  const ServiceView& view_;
  Spread spread_;
  std::set<std::string> moving_ = {};
  std::set<std::string> taken_ = {};
};

// As many moves as are good for now.
Rebalancing plan_moves(const ServiceView& view, const Service& service, Decision& decision) {
  MovePlan plan(view);
  const std::int32_t maximum =
      service.deployment_configuration.maximum_percent.value_or(kDefaultMaximumPercent);
  const std::int32_t room = upper_limit(service.desired_count, maximum) - service.desired_count;
  const std::int32_t most =
      std::min({room, kMostMoves, std::max(service.desired_count / kMovedShare, 1)});
  Rebalancing moves{.changed_at = view.now};
  for (std::int32_t i = 0; i < most; ++i) {
    const Move move = plan.next();
    if (move.task == nullptr) break;
    moves.tasks.push_back(move.task->task->id);
    decision.starts_on.push_back(move.to);
  }
  return moves;
}

// How far numbers of tasks lie apart.
struct Range {
  std::int32_t least = std::numeric_limits<std::int32_t>::max();
  std::int32_t most = 0;

  void note(std::int32_t tasks) {
    least = std::min(least, tasks);
    most = std::max(most, tasks);
  }
  bool is_wide() const { return most - least >= kUneven; }
};

ZoneLoads loads_of(const ServiceView& view, const Spread& spread) {
  ZoneLoads zones;
  for (const auto& [id, host] : view.balance) {
    ZoneLoad& zone = zones[host.zone];
    ++zone.hosts;
    const int count = spread.hosts.at(id);
    if (count > 0) zone.tasks.push_back(count);
  }
  return zones;
}

std::string counts_text(const Load& load, const char* form) {
  std::string text;
  for (const auto& [name, count] : load) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{} tasks in ", count);
    text += fmt::format(fmt::runtime(form), name);
  }
  return text;
}

// Of zones where these are several; else of hosts.
std::string spread_text(const Spread& spread) {
  if (spread.zones.size() > 1) return counts_text(spread.zones, "{}");
  return counts_text(spread.hosts, "(container-instance {})");
}

const char* what_is_balanced(const Spread& spread) {
  return spread.zones.size() > 1 ? "AZ" : "host";
}

void note_look(Decision& decision, Timestamp at) {
  decision.look_again = std::min(decision.look_again.value_or(at), at);
}

void give_up(Service& service, Timestamp now) {
  service.rebalancing->tasks.clear();
  service.rebalancing->changed_at = now;
}

// The tasks of the PRIMARY deployment that stay: how many, and whether all of them are healthy.
struct Staying {
  std::int32_t count = 0;
  bool are_healthy = true;
  bool others = false;  // There are tasks that are to go for another reason.
};

Staying staying_of(const ServiceView& view, const Service& service) {
  Staying staying;
  const Deployment& primary = *primary_of(service);
  const auto& moving = service.rebalancing->tasks;
  for (const ServiceTask& each : view.tasks) {
    if (!is_live(each)) continue;
    const bool is_good = each.task->started_by == primary.id && !is_unhealthy(each, view) &&
                         !each.is_on_draining_host && !has_other_image(each, primary);
    if (!is_good) staying.others = true;
    if (std::find(moving.begin(), moving.end(), each.task->id) != moving.end()) continue;
    ++staying.count;
    if (!is_healthy(each, view)) staying.are_healthy = false;
  }
  return staying;
}

}  // namespace

bool can_be_rebalanced(const Service& service) {
  if (is_daemon(service)) return false;
  constexpr std::int32_t kAll = 100;
  const std::int32_t maximum =
      service.deployment_configuration.maximum_percent.value_or(kDefaultMaximumPercent);
  if (maximum <= kAll) return false;
  return std::all_of(service.placement_strategy.begin(),
                     service.placement_strategy.end(),
                     [](const PlacementStrategy& each) {
                       return each.type == "spread" &&
                              (each.field == "attribute:ecs.availability-zone" ||
                               each.field == "instanceId" || each.field == "host");
                     });
}

bool is_uneven(const ZoneLoads& zones) {
  Range of_zones;
  for (const auto& [name, zone] : zones) {
    Range of_hosts;
    std::int32_t tasks = 0;
    for (const std::int32_t count : zone.tasks) {
      of_hosts.note(count);
      tasks += count;
    }
    if (zone.tasks.size() < static_cast<size_t>(zone.hosts)) of_hosts.note(0);
    if (of_hosts.is_wide()) return true;
    of_zones.note(tasks);
  }
  return of_zones.is_wide();
}

bool may_rebalance(const Service& service, Timestamp now) {
  if (service.availability_zone_rebalancing != "ENABLED" || !can_be_rebalanced(service)) {
    return false;
  }
  if (service.deployments.size() != 1) return false;
  if (service.deployments.front().rollout_state != "COMPLETED") return false;
  if (!service.rebalancing.has_value()) return true;
  return service.rebalancing->tasks.empty() && service.rebalancing->changed_at + kPause <= now;
}

Moves advance_moves(const ServiceView& view, Service& service, Decision& decision) {
  if (!service.rebalancing.has_value() || service.rebalancing->tasks.empty()) return Moves::kNone;
  Rebalancing& moves = *service.rebalancing;
  std::vector<const ServiceTask*> leaving;
  for (const ServiceTask& each : view.tasks) {
    const auto& ids = moves.tasks;
    if (std::find(ids.begin(), ids.end(), each.task->id) == ids.end()) continue;
    if (is_live(each) && !is_protected(each, view)) leaving.push_back(&each);
  }
  const Staying staying = staying_of(view, service);
  const Timestamp until = moves.changed_at + kLongestMove;
  const bool is_disturbed = service.deployments.size() != 1 || staying.others ||
                            service.deployments.front().rollout_state != "COMPLETED" ||
                            leaving.size() != moves.tasks.size() ||
                            staying.count != service.desired_count || until <= view.now;
  if (is_disturbed) {
    give_up(service, view.now);
    return Moves::kNone;
  }
  if (!staying.are_healthy) {
    note_look(decision, until);
    return Moves::kUnderWay;
  }
  for (const ServiceTask* each : leaving) {
    decision.stops.push_back(
        {.task = each->task, .reason = reason_to_stop(*each, view, *primary_of(service))});
  }
  give_up(service, view.now);
  return Moves::kDone;
}

bool begin_moves(const ServiceView& view, Service& service, Decision& decision) {
  if (service.rebalancing.has_value() && service.rebalancing->tasks.empty() &&
      service.rebalancing->changed_at + kPause > view.now) {
    note_look(decision, service.rebalancing->changed_at + kPause);
  }
  if (!decision.is_steady || view.balance.empty() || !may_rebalance(service, view.now)) {
    return false;
  }
  const Spread spread = spread_of(view);
  if (!is_uneven(loads_of(view, spread))) {
    if (!service.rebalancing.has_value()) return false;
    service.rebalancing.reset();
    decision.events.push_back(fmt::format("{} is {} balanced with {}.",
                                          event_subject(service),
                                          what_is_balanced(spread),
                                          spread_text(spread)));
    return true;
  }
  if (!service.rebalancing.has_value()) {
    service.rebalancing = Rebalancing{.changed_at = view.now};
    note_look(decision, view.now + kPause);
    return true;
  }
  Rebalancing moves = plan_moves(view, service, decision);
  if (moves.tasks.empty()) {
    note_look(decision, view.now + kAgainWithoutRoom);
    return false;
  }
  decision.events.push_back(
      fmt::format("{} is not {} balanced with {}. {} Rebalancing in progress.",
                  event_subject(service),
                  what_is_balanced(spread),
                  spread_text(spread),
                  what_is_balanced(spread)));
  decision.is_steady = false;
  service.rebalancing = std::move(moves);
  return true;
}

}  // namespace ikada::service
