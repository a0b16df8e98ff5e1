#include "cluster/service/reconcile.h"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "cluster/model/task_stop.h"
#include "cluster/service/daemon_step.h"
#include "cluster/service/failures.h"
#include "cluster/service/image_pins.h"
#include "cluster/service/rebalance.h"
#include "cluster/service/rollout.h"
#include "cluster/service/scale_in.h"
#include "cluster/service/target_step.h"

namespace ikada::service {
namespace {

using Tasks = std::vector<const ServiceTask*>;

constexpr std::int32_t kWhole = 100;

// The live tasks, by what is to become of them.
struct Sorted {
  Tasks good;     // To stay: of the PRIMARY deployment, not unhealthy, on a host that stays.
  Tasks leaving;  // To be replaced.
  std::int32_t healthy = 0;
  std::int32_t unhealthy = 0;  // Of the PRIMARY deployment.
  bool is_stopping = false;    // Some are on their way out.

  std::int32_t live() const { return static_cast<std::int32_t>(good.size() + leaving.size()); }
};

Sorted sort_tasks(const ServiceView& view, const Deployment& primary) {
  Sorted sorted;
  for (const ServiceTask& each : view.tasks) {
    if (each.task->last_status == TaskStatus::kStopped) continue;
    if (!is_live(each)) {
      sorted.is_stopping = true;
      continue;
    }
    if (is_healthy(each, view)) ++sorted.healthy;
    const bool is_own = each.task->started_by == primary.id;
    const bool is_bad = is_unhealthy(each, view);
    if (is_own && is_bad) ++sorted.unhealthy;
    const bool stays =
        is_own && !is_bad && !each.is_on_draining_host && !has_other_image(each, primary);
    (stays ? sorted.good : sorted.leaving).push_back(&each);
  }
  return sorted;
}

void note_time(Decision& decision, std::optional<Timestamp> at) {
  if (!at.has_value()) return;
  decision.look_again = std::min(decision.look_again.value_or(*at), *at);
}

class Step {
 public:
  Step(const ServiceView& view, Service& service, Decision& decision)
      : view_(view),
        service_(service),
        decision_(decision),
        primary_(*primary_of(service)),
        sorted_(sort_tasks(view, primary_)) {
    const DeploymentConfiguration& limits = service.deployment_configuration;
    lower_ = lower_limit(service.desired_count,
                         limits.minimum_healthy_percent.value_or(kDefaultMinimumHealthyPercent));
    upper_ =
        upper_limit(service.desired_count, limits.maximum_percent.value_or(kDefaultMaximumPercent));
  }

  void run() {
    scale_in();
    start();
    replace();
    tell_protected();
  }

 private:
  std::int32_t missing() const {
    return service_.desired_count - static_cast<std::int32_t>(sorted_.good.size());
  }
  std::int32_t room() const { return upper_ - sorted_.live(); }

  void stop(const ServiceTask& each) {
    if (is_healthy(each, view_)) --sorted_.healthy;
    decision_.stops.push_back({.task = each.task, .reason = reason_to_stop(each, view_, primary_)});
  }

  void keep(const ServiceTask& each) {
    ++kept_[each.task->started_by.value_or("")];
    note_time(decision_, each.task->protected_until);
  }

  void scale_in() {
    if (missing() >= 0) return;
    const auto surplus = static_cast<size_t>(-missing());
    Tasks free;
    Tasks kept;
    for (const ServiceTask* each : sorted_.good) {
      (is_protected(*each, view_) ? kept : free).push_back(each);
    }
    for (size_t i = free.size(); i < surplus && i - free.size() < kept.size(); ++i) {
      keep(*kept[i - free.size()]);
    }
    for (const ServiceTask* each : choose_to_stop(free, std::min(surplus, kMostStops), view_)) {
      stop(*each);
      std::erase(sorted_.good, each);
    }
  }

  void start() {
    if (missing() <= 0 || primary_.rollout_state == "FAILED") return;
    const Failures failures = failures_of(view_, primary_);
    const Throttle throttle = throttle_of(failures, service_, service_.desired_count);
    if (failures.never_started >= kImpairedAfter) {
      decision_.repeated_events.push_back(
          fmt::format("{} is unable to consistently start tasks successfully. For more "
                      "information, see the Troubleshooting section of the Amazon ECS Developer "
                      "Guide.",
                      event_subject(service_)));
    }
    if (view_.now < throttle.not_before) return note_time(decision_, throttle.not_before);
    decision_.starts = std::min(std::clamp(room(), 0, missing()), throttle.most_at_once);
    decision_.replaced_unhealthy = std::min(decision_.starts, sorted_.unhealthy);
  }

  // Whether it may go now: what never served may always, what is no help may when enough is
  // healthy, and one at a time when there is no room for its replacement.
  bool may_stop(const ServiceTask& each, bool is_stuck) const {
    if (!has_started(each)) return true;
    if (is_healthy(each, view_)) return sorted_.healthy > lower_;
    return sorted_.healthy >= lower_ || (is_stuck && decision_.stops.empty());
  }

  void replace() {
    const bool is_stuck =
        missing() > 0 && room() <= 0 && !sorted_.is_stopping && primary_.rollout_state != "FAILED";
    Tasks free;
    for (const ServiceTask* each : sorted_.leaving) {
      const bool stays = is_protected(*each, view_) && !is_unhealthy(*each, view_);
      stays ? keep(*each) : free.push_back(each);
    }
    for (const ServiceTask* each : choose_to_stop(free, kMostStops, view_)) {
      if (may_stop(*each, is_stuck)) stop(*each);
    }
    const bool waits =
        std::any_of(sorted_.leaving.begin(), sorted_.leaving.end(), [&](const ServiceTask* each) {
          return !is_healthy(*each, view_) && will_be_healthy_at(*each, view_).has_value();
        });
    if (is_stuck && decision_.stops.empty() && !waits && kept_.empty()) {
      decision_.repeated_events.push_back(stuck_event(service_));
    }
  }

  void tell_protected() {
    for (const auto& [deployment, count] : kept_) {
      decision_.repeated_events.push_back(fmt::format(
          "{} was unable to reach steady state because (taskSet {}) was unable to scale "
          "in due to (reason {} tasks under protection)",
          event_subject(service_),
          deployment,
          count));
    }
  }

  const ServiceView& view_;
  Service& service_;
  Decision& decision_;
  const Deployment& primary_;
  Sorted sorted_;
  std::map<std::string, int> kept_;  // By deployment: what would go, but is protected.
  std::int32_t lower_ = 0;
  std::int32_t upper_ = 0;
};

// When a task becomes healthy, or its grace period ends.
void note_times(const ServiceView& view, const Service& service, Decision& decision) {
  const std::chrono::seconds grace(service.health_check_grace_period_seconds.value_or(0));
  for (const ServiceTask& each : view.tasks) {
    if (!is_live(each)) continue;
    note_time(decision, will_be_healthy_at(each, view));
    const bool has_failed = each.has_health_check && each.task->health_status == "UNHEALTHY";
    const bool is_spared = (has_failed || has_unhealthy_targets(each)) && !is_unhealthy(each, view);
    if (is_spared && each.task->started_at.has_value())
      note_time(decision, *each.task->started_at + grace);
  }
}

// A daemon service wants as many tasks as it has hosts.
bool count_hosts(const ServiceView& view, Service& service) {
  const auto count = static_cast<std::int32_t>(view.hosts.size());
  if (!is_daemon(service) || service.desired_count == count) return false;
  service.desired_count = count;
  if (Deployment* primary = primary_of(service)) primary->desired_count = count;
  return true;
}

// A service that is deleted: its tasks stop, then it is INACTIVE, which changes its record.
bool take_down(const ServiceView& view, Service& service, Decision& decision) {
  bool is_empty = true;
  for (const ServiceTask& each : view.tasks) {
    if (each.task->last_status == TaskStatus::kStopped) continue;
    is_empty = false;
    if (!is_live(each)) continue;
    decision.stops.push_back({.task = each.task,
                              .reason = fmt::format("Scaling activity initiated by (deployment {})",
                                                    each.task->started_by.value_or(""))});
  }
  if (!is_empty) return false;
  service.status = "INACTIVE";
  service.inactive_at = view.now;
  service.deployments.clear();
  return true;
}

// Those of this step; what is more is for the next one.
void tell_stops(const ServiceView& view, const Service& service, Decision& decision) {
  if (decision.stops.size() > kMostStops) decision.stops.resize(kMostStops);
  for (const Stop& each : decision.stops) {
    if (each.reason != kFailedChecks) continue;
    decision.events.push_back(fmt::format(
        "{} (task {}) failed container health checks.", event_subject(service), each.task->id));
  }
  tell_stopped_targets(view, service, decision);
  std::string running;
  int running_count = 0;
  int pending_count = 0;
  for (const Stop& each : decision.stops) {
    // One that is drained first is told of when that is over.
    if (is_target(*each.task)) continue;
    const bool has_run = each.task->last_status >= TaskStatus::kActivating;
    (has_run ? running_count : pending_count) += 1;
    if (has_run) running += fmt::format(" (task {})", each.task->id);
  }
  if (running_count > 0) {
    decision.events.push_back(stopped_event(service, running_count, running));
  }
  if (pending_count > 0) {
    decision.events.push_back(
        fmt::format("{} stopped {} pending tasks.", event_subject(service), pending_count));
  }
}

}  // namespace

std::string reason_to_stop(const ServiceTask& task,
                           const ServiceView& view,
                           const Deployment& primary) {
  if (is_unhealthy(task, view)) {
    if (!has_unhealthy_targets(task) || task.targets.unhealthy.empty()) {
      return std::string(kFailedChecks);
    }
    return fmt::format(
        "{} (target-group {})", kFailedTargets, task.targets.unhealthy.front().target_group_arn);
  }
  return fmt::format("Scaling activity initiated by (deployment {})", primary.id);
}

std::int32_t lower_limit(std::int32_t desired_count, std::int32_t percent) {
  return static_cast<std::int32_t>((std::int64_t{desired_count} * percent + kWhole - 1) / kWhole);
}

std::int32_t upper_limit(std::int32_t desired_count, std::int32_t percent) {
  return static_cast<std::int32_t>(std::int64_t{desired_count} * percent / kWhole);
}

namespace {

bool is_moving(const Service& service) {
  return service.rebalancing.has_value() && !service.rebalancing->tasks.empty();
}

// As most services are: nothing is to be done but about its tasks as targets.
bool is_at_rest(const ServiceView& view) {
  const Service& service = *view.service;
  if (service.status != "ACTIVE" || is_daemon(service)) return false;
  if (service.rebalancing.has_value() || !view.balance.empty()) return false;
  if (!is_steady(service, view)) return false;
  const Deployment& only = service.deployments.front();
  return only.status == "PRIMARY" && only.rollout_state == "COMPLETED" &&
         find_images(only, view).empty();
}

}  // namespace

Decision reconcile(const ServiceView& view) {
  Decision decision;
  if (view.service->status == "INACTIVE") return decision;
  if (is_at_rest(view)) {
    decision.is_steady = true;
    decide_targets(view, *view.service, decision);
    return decision;
  }
  Service service = *view.service;
  bool is_changed = false;
  if (service.status == "DRAINING") {
    is_changed = take_down(view, service, decision);
  } else {
    is_changed = count_hosts(view, service);
    is_changed = pin_images(service, view) || is_changed;
    is_changed = advance_rollout(service, view, decision.events) || is_changed;
    if (primary_of(service) == nullptr) return decision;
    if (is_daemon(service)) {
      decide_daemons(view, service, decision);
    } else {
      const bool was_moving = is_moving(service);
      if (advance_moves(view, service, decision) == Moves::kNone) {
        Step(view, service, decision).run();
      }
      is_changed = is_changed || is_moving(service) != was_moving;
    }
    note_times(view, service, decision);
    decision.is_steady = decision.stops.empty() && decision.starts == 0 &&
                         decision.starts_on.empty() && is_steady(service, view);
    if (!is_daemon(service)) is_changed = begin_moves(view, service, decision) || is_changed;
  }
  decide_targets(view, service, decision);
  tell_stops(view, service, decision);
  if (is_changed) decision.changed = std::move(service);
  return decision;
}

}  // namespace ikada::service
