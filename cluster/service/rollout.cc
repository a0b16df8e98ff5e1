#include "cluster/service/rollout.h"

#include <algorithm>

#include <fmt/core.h>

#include "cluster/service/failures.h"

namespace ikada::service {
namespace {

bool has_tasks(const ServiceView& view, const Deployment& deployment) {
  return std::any_of(view.tasks.begin(), view.tasks.end(), [&](const ServiceTask& each) {
    return each.task->started_by == deployment.id && each.task->last_status != TaskStatus::kStopped;
  });
}

void roll_back(Service& service, const ServiceView& view, std::vector<std::string>& events) {
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
      fmt::format("ECS deployment circuit breaker: rolling back to deploymentId {}.", target.id);
  target.updated_at = view.now;
  events.push_back(
      fmt::format("{} rolling back to deployment {}.", event_subject(service), target.id));
  service.family = target.family;
  service.revision = target.revision;
  service.deployments.insert(service.deployments.begin(), std::move(target));
}

void fail(Service& service, const ServiceView& view, std::vector<std::string>& events) {
  Deployment& primary = *primary_of(service);
  primary.rollout_state = "FAILED";
  primary.rollout_state_reason = "ECS deployment circuit breaker: tasks failed to start.";
  primary.updated_at = view.now;
  events.push_back(fmt::format("{} (deployment {}) deployment failed: tasks failed to start.",
                               event_subject(service),
                               primary.id));
  const bool has_target =
      service.last_completed.has_value() && service.last_completed->id != primary.id;
  if (service.deployment_configuration.breaker.rollback && has_target) {
    roll_back(service, view, events);
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

std::string event_subject(const Service& service) {
  return fmt::format("(service {})", service.name);
}

bool is_steady(const Service& service, const ServiceView& view) {
  if (service.deployments.size() != 1) return false;
  const Deployment& primary = service.deployments.front();
  std::int32_t healthy = 0;
  for (const ServiceTask& each : view.tasks) {
    if (each.task->last_status == TaskStatus::kStopped) continue;
    const bool is_good =
        each.task->started_by == primary.id && is_healthy(each, view) && !each.is_on_draining_host;
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
  const CircuitBreaker& breaker = service.deployment_configuration.breaker;
  if (breaker.enable &&
      failures_of(view, *primary).in_a_row >= breaker_threshold(breaker, service.desired_count)) {
    fail(service, view, events);
    return true;
  }
  if (!is_steady(service, view)) return gone > 0;
  complete(service, view, events);
  return true;
}

}  // namespace ikada::service
