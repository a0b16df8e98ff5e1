#include "cluster/service/rollout.h"

#include <algorithm>

#include <fmt/core.h>

#include "cluster/service/failures.h"
#include "cluster/service/image_pins.h"

namespace ikada::service {
namespace {

bool has_tasks(const ServiceView& view, const Deployment& deployment) {
  return std::any_of(view.tasks.begin(), view.tasks.end(), [&](const ServiceTask& each) {
    return each.task->started_by == deployment.id && each.task->last_status != TaskStatus::kStopped;
  });
}

void roll_back(Service& service,
               const ServiceView& view,
               std::string_view cause,
               std::vector<std::string>& events) {
  const std::string failed = primary_of(service)->id;
  Deployment target = *service.last_completed;
  for (Deployment& each : service.deployments) {
    each.status = "ACTIVE";
    each.desired_count = 0;
  }
  std::erase_if(service.deployments, [&](const auto& each) { return each.id == target.id; });
  target.status = "PRIMARY";
  target.desired_count = service.desired_count;
  target.rollout_state = "IN_PROGRESS";
  target.rollout_state_reason =
      fmt::format("{}: rolling back to deploymentId {}.", cause, target.id);
  target.rolls_back = failed;
  target.updated_at = view.now;
  events.push_back(
      fmt::format("{} rolling back to deployment {}.", event_subject(service), target.id));
  service.family = target.family;
  service.revision = target.revision;
  service.deployments.insert(service.deployments.begin(), std::move(target));
}

// As StopServiceDeployment wants it: back to what was there before, or no further.
void stop_rollout(Service& service, const ServiceView& view, std::vector<std::string>& events) {
  Deployment& primary = *primary_of(service);
  const bool goes_back = primary.stop_requested == "ROLLBACK" && can_roll_back(service);
  primary.rollout_state = "FAILED";
  primary.rollout_state_reason = fmt::format("ECS deployment {} was stopped.", primary.id);
  primary.stop_requested.clear();
  primary.updated_at = view.now;
  events.push_back(
      fmt::format("{} (deployment {}) deployment stopped.", event_subject(service), primary.id));
  if (goes_back) roll_back(service, view, "ECS deployment stopped", events);
}

void fail(Service& service, const ServiceView& view, std::vector<std::string>& events) {
  Deployment& primary = *primary_of(service);
  primary.rollout_state = "FAILED";
  primary.rollout_state_reason = "ECS deployment circuit breaker: tasks failed to start.";
  primary.updated_at = view.now;
  events.push_back(fmt::format("{} (deployment {}) deployment failed: tasks failed to start.",
                               event_subject(service),
                               primary.id));
  if (service.deployment_configuration.breaker.rollback && can_roll_back(service)) {
    roll_back(service, view, "ECS deployment circuit breaker", events);
  }
}

void complete(Service& service, const ServiceView& view, std::vector<std::string>& events) {
  Deployment& primary = *primary_of(service);
  primary.rollout_state = "COMPLETED";
  primary.rollout_state_reason = fmt::format("ECS deployment {} completed.", primary.id);
  primary.updated_at = view.now;
  service.last_completed = primary;
  events.push_back(
      fmt::format("{} (deployment {}) deployment completed.", event_subject(service), primary.id));
}

}  // namespace

std::string event_subject(const Service& service) { return "(service " + service.name + ")"; }

std::string stuck_event(const Service& service) {
  return fmt::format(
      "{} was unable to stop or start tasks during a deployment because of the service deployment "
      "configuration. Update the minimumHealthyPercent or maximumPercent value and try again.",
      event_subject(service));
}

bool can_roll_back(const Service& service) {
  const Deployment* primary = primary_of(service);
  return primary != nullptr && service.last_completed.has_value() &&
         service.last_completed->id != primary->id;
}

bool is_steady(const Service& service, const ServiceView& view) {
  if (service.deployments.size() != 1) return false;
  const Deployment& primary = service.deployments.front();
  std::int32_t healthy = 0;
  for (const ServiceTask& each : view.tasks) {
    if (each.task->last_status == TaskStatus::kStopped) continue;
    const bool is_good = each.task->started_by == primary.id && is_healthy(each, view) &&
                         !each.is_on_draining_host && !has_other_image(each, primary);
    if (!is_good) return false;
    ++healthy;
  }
  return healthy == service.desired_count;
}

bool advance_rollout(Service& service, const ServiceView& view, std::vector<std::string>& events) {
  const size_t gone = std::erase_if(service.deployments, [&](const Deployment& each) {
    return each.status != "PRIMARY" && !has_tasks(view, each);
  });
  const Deployment* primary = primary_of(service);
  if (primary == nullptr || primary->rollout_state != "IN_PROGRESS") return gone > 0;
  if (!primary->stop_requested.empty()) {
    stop_rollout(service, view, events);
    return true;
  }
  const CircuitBreaker& breaker = service.deployment_configuration.breaker;
  if (breaker.enable && counted_failures(view, *primary, breaker) >=
                            breaker_threshold(breaker, service.desired_count)) {
    fail(service, view, events);
    return true;
  }
  if (!is_steady(service, view)) return gone > 0;
  complete(service, view, events);
  return true;
}

}  // namespace ikada::service
