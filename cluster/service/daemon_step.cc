#include "cluster/service/daemon_step.h"

#include <algorithm>
#include <map>
#include <string>

#include "cluster/service/failures.h"
#include "cluster/service/image_pins.h"
#include "cluster/service/rollout.h"

namespace ikada::service {
namespace {

struct OnHost {
  std::vector<const ServiceTask*> live = {};
  bool is_empty = true;  // Nothing of the service is there, not even what is stopping.
};

class DaemonStep {
 public:
  DaemonStep(const ServiceView& view, const Service& service, Decision& decision)
      : view_(view),
        decision_(decision),
        service_(service),
        primary_(*primary_of(service)),
        lower_(lower_limit(service.desired_count,
                           service.deployment_configuration.minimum_healthy_percent.value_or(
                               kDaemonMinimumHealthyPercent))) {
    for (const ServiceTask& each : view.tasks) {
      if (each.task->last_status == TaskStatus::kStopped) continue;
      OnHost& host = hosts_[each.task->container_instance.value_or("")];
      host.is_empty = false;
      if (is_live(each)) host.live.push_back(&each);
      if (is_healthy(each, view)) {
        ++healthy_;
      } else {
        is_changing_ = true;
      }
    }
  }

  void run() {
    for (const auto& [id, host] : hosts_) look_at(id, host);
    start();
    tell_stuck();
  }

 private:
  bool is_wanted(const std::string& host) const { return view_.hosts.count(host) != 0; }

  void stop(const ServiceTask& each) {
    if (is_healthy(each, view_)) --healthy_;
    decision_.stops.push_back({.task = each.task, .reason = reason_to_stop(each, view_, primary_)});
  }

  void look_at(const std::string& id, const OnHost& host) {
    bool has_own = false;
    for (const ServiceTask* each : host.live) {
      if (each->is_on_draining_host) {
        if (each->is_last_on_host) stop(*each);
        continue;
      }
      const bool is_good = each->task->started_by == primary_.id && !is_unhealthy(*each, view_) &&
                           !has_other_image(*each, primary_);
      const bool is_surplus = !is_wanted(id) || (is_good && has_own);
      const bool is_in_the_way = !is_good && (!is_healthy(*each, view_) || healthy_ > lower_);
      has_own = has_own || is_good;
      if (is_surplus || is_in_the_way) {
        stop(*each);
      } else if (!is_good) {
        is_held_ = true;
      }
    }
  }

  void start() {
    if (primary_.rollout_state == "FAILED") return;
    for (const std::string& id : view_.hosts) {
      const auto found = hosts_.find(id);
      if (found != hosts_.end() && !found->second.is_empty) continue;
      // One host where it fails keeps no other waiting.
      const Timestamp not_before =
          throttle_of(failures_of(view_, primary_, id), service_, 1).not_before;
      if (not_before <= view_.now) {
        decision_.starts_on.push_back(id);
      } else {
        decision_.look_again = std::min(decision_.look_again.value_or(not_before), not_before);
      }
    }
  }

  // All are healthy, some are to be replaced, and none may go first.
  void tell_stuck() {
    if (!is_held_ || is_changing_ || !decision_.stops.empty() || !decision_.starts_on.empty()) {
      return;
    }
    decision_.repeated_events.push_back(stuck_event(service_));
  }

  const ServiceView& view_;
  Decision& decision_;
  const Service& service_;
  const Deployment& primary_;
  std::int32_t lower_ = 0;
  std::int32_t healthy_ = 0;
  bool is_held_ = false;      // A task waits for being replaced.
  bool is_changing_ = false;  // One is starting, stopping or unhealthy.
  std::map<std::string, OnHost> hosts_ = {};
};

}  // namespace

void decide_daemons(const ServiceView& view, const Service& service, Decision& decision) {
  DaemonStep(view, service, decision).run();
}

}  // namespace ikada::service
