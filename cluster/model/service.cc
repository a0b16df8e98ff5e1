#include "cluster/model/service.h"

#include <algorithm>

namespace ikada {
namespace {

constexpr std::string_view kServiceGroup = "service:";

}  // namespace

void describe(JsonFields& fields, PlacementStrategy& strategy) {
  fields.field("type", strategy.type);
  fields.field("field", strategy.field);
}

void describe(JsonFields& fields, BreakerThreshold& threshold) {
  fields.field("type", threshold.type);
  fields.field("value", threshold.value);
}

void describe(JsonFields& fields, CircuitBreaker& breaker) {
  fields.field("enable", breaker.enable);
  fields.field("rollback", breaker.rollback);
  fields.field("resetOnHealthyTask", breaker.reset_on_healthy_task);
  std::optional<BreakerThreshold> threshold;
  if (!breaker.threshold.type.empty()) threshold = breaker.threshold;
  fields.field("thresholdConfiguration", threshold);
  if (threshold.has_value()) breaker.threshold = *threshold;
}

void describe(JsonFields& fields, DeploymentConfiguration& configuration) {
  fields.field("deploymentCircuitBreaker", configuration.breaker);
  fields.field("maximumPercent", configuration.maximum_percent);
  fields.field("minimumHealthyPercent", configuration.minimum_healthy_percent);
}

void describe(JsonFields& fields, ContainerImage& image) {
  fields.field("containerName", image.container);
  fields.field("image", image.image);
  fields.field("imageDigest", image.digest);
}

void describe(JsonFields& fields, Deployment& deployment) {
  fields.field("id", deployment.id);
  fields.field("status", deployment.status);
  fields.field("family", deployment.family);
  fields.field("revision", deployment.revision);
  fields.field("desiredCount", deployment.desired_count);
  fields.field("networkConfiguration", deployment.network_configuration);
  fields.field("loadBalancers", deployment.load_balancers);
  fields.field("rolloutState", deployment.rollout_state);
  fields.field("rolloutStateReason", deployment.rollout_state_reason);
  fields.field("images", deployment.images);
  fields.field("stopRequested", deployment.stop_requested);
  fields.field("rollsBack", deployment.rolls_back);
  fields.field("createdAt", deployment.created_at);
  fields.field("updatedAt", deployment.updated_at);
}

void describe(JsonFields& fields, ServiceEvent& event) {
  fields.field("id", event.id);
  fields.field("createdAt", event.created_at);
  fields.field("message", event.message);
}

void describe(JsonFields& fields, ServiceEvents& events) { fields.field("events", events.events); }

void describe(JsonFields& fields, Rebalancing& rebalancing) {
  fields.field("tasks", rebalancing.tasks);
  fields.field("changedAt", rebalancing.changed_at);
}

void describe(JsonFields& fields, Service& service) {
  fields.field("cluster", service.cluster);
  fields.field("serviceName", service.name);
  fields.field("status", service.status);
  fields.field("family", service.family);
  fields.field("revision", service.revision);
  fields.field("desiredCount", service.desired_count);
  fields.field("launchType", service.launch_type);
  fields.field("schedulingStrategy", service.scheduling_strategy);
  fields.field("deploymentConfiguration", service.deployment_configuration);
  fields.field("deployments", service.deployments);
  fields.field("lastCompleted", service.last_completed);
  fields.field("placementConstraints", service.placement_constraints);
  fields.field("placementStrategy", service.placement_strategy);
  fields.field("healthCheckGracePeriodSeconds", service.health_check_grace_period_seconds);
  fields.field("availabilityZoneRebalancing", service.availability_zone_rebalancing);
  fields.field("rebalancing", service.rebalancing);
  fields.field("roleArn", service.role_arn);
  fields.field("enableECSManagedTags", service.enable_ecs_managed_tags);
  fields.field("enableExecuteCommand", service.enable_execute_command);
  fields.field("propagateTags", service.propagate_tags);
  fields.field("tags", service.tags);
  fields.field("createdAt", service.created_at);
  fields.field("inactiveAt", service.inactive_at);
  fields.field("createdBy", service.created_by);
  fields.field("creationDigest", service.creation_digest);
  fields.field("hasClientToken", service.has_client_token);
}

std::string group_of_service(std::string_view name) {
  return std::string(kServiceGroup).append(name);
}

std::optional<std::string> service_of_group(std::string_view group) {
  if (!group.starts_with(kServiceGroup)) return std::nullopt;
  return std::string(group.substr(kServiceGroup.size()));
}

bool is_daemon(const Service& service) { return service.scheduling_strategy == "DAEMON"; }

bool has_load_balancers(const Service& service) {
  return std::any_of(service.deployments.begin(), service.deployments.end(), [](const auto& each) {
    return !each.load_balancers.empty();
  });
}

const Deployment* primary_of(const Service& service) {
  const auto found = std::find_if(service.deployments.begin(),
                                  service.deployments.end(),
                                  [](const auto& each) { return each.status == "PRIMARY"; });
  return found == service.deployments.end() ? nullptr : &*found;
}

Deployment* primary_of(Service& service) {
  return const_cast<Deployment*>(primary_of(std::as_const(service)));
}

}  // namespace ikada
