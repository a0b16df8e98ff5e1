#include "cluster/api/service_request.h"

#include <charconv>

#include "cluster/api/task_placer.h"
#include "cluster/service/rebalance.h"
#include "cluster/service/reconcile.h"

namespace ikada {
namespace {

constexpr std::int32_t kMaxDesiredCount = 5000;
constexpr std::int32_t kWholePercent = 100;
constexpr std::int32_t kMaxPercent = 10'000;
constexpr std::int32_t kMaxGraceSeconds = 2'147'483'647;
constexpr size_t kDeploymentIdBytes = 8;
constexpr int kHexadecimal = 16;
constexpr std::uint64_t kFirstDeployment = 1'000'000'000'000'000'000;
constexpr std::uint64_t kDeployments = 8 * kFirstDeployment;

bool is_given(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && !found->is_null() && !found->empty();
}

// A member of an object, or an empty text for anything else.
std::string text_member(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json& member(const Json& object, const char* name) {
  static const Json nothing;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found == object.end() ? nothing : *found;
}

Result<void> check_deployment_members(const Json& configuration) {
  const std::string strategy = text_member(configuration, "strategy");
  if (!strategy.empty() && strategy != "ROLLING") {
    return invalid_parameter("The deployment strategy {} is not supported.", strategy);
  }
  if (member(member(configuration, "alarms"), "enable") == Json(true)) {
    return invalid_parameter("Deployment alarms are not supported.");
  }
  if (is_given(configuration, "lifecycleHooks")) {
    return invalid_parameter("Deployment lifecycle hooks are not supported.");
  }
  return {};
}

// What ECS has and ikada does not do yet is refused rather than left out.
Result<void> check_supported(const Json& body) {
  if (is_given(body, "capacityProviderStrategy")) {
    return invalid_parameter("The specified capacity provider was not found.");
  }
  for (const char* each :
       {"serviceRegistries", "volumeConfigurations", "vpcLatticeConfigurations"}) {
    if (is_given(body, each)) return invalid_parameter("{} are not supported.", each);
  }
  if (member(member(body, "serviceConnectConfiguration"), "enabled") == Json(true)) {
    return invalid_parameter("Service Connect is not supported.");
  }
  const std::string type = text_member(member(body, "deploymentController"), "type");
  if (!type.empty() && type != "ECS") {
    return invalid_parameter("The deployment controller {} is not supported.", type);
  }
  return check_deployment_members(member(body, "deploymentConfiguration"));
}

Result<void> check_breaker(const CircuitBreaker& breaker) {
  if (breaker.threshold.type.empty()) return {};
  const std::string& type = breaker.threshold.type;
  if (type != "COUNT" && type != "BOUNDED_PERCENT" && type != "UNBOUNDED_PERCENT") {
    return invalid_parameter("Invalid type of the circuit breaker's threshold '{}'.", type);
  }
  if (breaker.threshold.value < 1 || breaker.threshold.value > kMaxDesiredCount) {
    return invalid_parameter("The circuit breaker's threshold must be between 1 and {}.",
                             kMaxDesiredCount);
  }
  return {};
}

Result<void> check_limits(const DeploymentConfiguration& limits) {
  IK_TRY(check_breaker(limits.breaker));
  const std::int32_t minimum =
      limits.minimum_healthy_percent.value_or(service::kDefaultMinimumHealthyPercent);
  const std::int32_t maximum = limits.maximum_percent.value_or(service::kDefaultMaximumPercent);
  if (minimum < 0 || minimum > kWholePercent) {
    return invalid_parameter("minimumHealthyPercent must be between 0 and {}.", kWholePercent);
  }
  if (maximum < kWholePercent || maximum > kMaxPercent) {
    return invalid_parameter(
        "maximumPercent must be between {} and {}.", kWholePercent, kMaxPercent);
  }
  return {};
}

// 19 digits.
std::string make_deployment_id(const ApiCall& call) {
  const std::string hex = call.random_hex(kDeploymentIdBytes);
  std::uint64_t random = 0;
  std::from_chars(hex.data(), hex.data() + hex.size(), random, kHexadecimal);
  return fmt::format("ecs-svc/{}", kFirstDeployment + random % kDeployments);
}

}  // namespace

void describe_service_request(JsonFields& fields, ServiceRequest& request) {
  fields.field("cluster", request.cluster);
  fields.field("taskDefinition", request.task_definition);
  fields.field("desiredCount", request.desired_count);
  fields.field("deploymentConfiguration", request.deployment_configuration);
  fields.field("networkConfiguration", request.network_configuration);
  fields.field("loadBalancers", request.load_balancers);
  fields.field("placementConstraints", request.placement_constraints);
  fields.field("placementStrategy", request.placement_strategy);
  fields.field("healthCheckGracePeriodSeconds", request.health_check_grace_period_seconds);
  fields.field("enableECSManagedTags", request.enable_ecs_managed_tags);
  fields.field("enableExecuteCommand", request.enable_execute_command);
  fields.field("propagateTags", request.propagate_tags);
  fields.field("availabilityZoneRebalancing", request.availability_zone_rebalancing);
}

Result<void> check_service_request(const ApiCall& call, const ServiceRequest& request) {
  IK_TRY(check_supported(call.body));
  const std::int32_t desired = request.desired_count.value_or(0);
  if (desired < 0 || desired > kMaxDesiredCount) {
    return invalid_parameter("desiredCount must be between 0 and {}.", kMaxDesiredCount);
  }
  const std::int32_t grace = request.health_check_grace_period_seconds.value_or(0);
  if (grace < 0 || grace > kMaxGraceSeconds) {
    return invalid_parameter("healthCheckGracePeriodSeconds must be between 0 and {}.",
                             kMaxGraceSeconds);
  }
  const std::string from = request.propagate_tags.value_or("NONE");
  if (from != "TASK_DEFINITION" && from != "SERVICE" && from != "NONE") {
    return invalid_parameter("Invalid propagateTags '{}'.", from);
  }
  const std::string rebalancing = request.availability_zone_rebalancing.value_or("DISABLED");
  if (rebalancing != "ENABLED" && rebalancing != "DISABLED") {
    return invalid_parameter("Invalid availabilityZoneRebalancing '{}'.", rebalancing);
  }
  if (!request.deployment_configuration.has_value()) return {};
  return check_limits(*request.deployment_configuration);
}

Result<void> check_daemon_request(const ServiceRequest& request) {
  if (request.desired_count.has_value()) {
    return invalid_parameter(
        "The daemon scheduling strategy does not support a desired count for services. Remove a "
        "desired count and try again");
  }
  if (request.placement_strategy.has_value() && !request.placement_strategy->empty()) {
    return invalid_parameter(
        "The daemon scheduling strategy does not support placement strategies. Remove placement "
        "strategies and try again");
  }
  const auto& limits = request.deployment_configuration;
  if (limits.has_value() && limits->maximum_percent.value_or(kWholePercent) > kWholePercent) {
    return invalid_parameter(
        "The daemon scheduling strategy does not support values above 100 for maximumPercent. "
        "Change the value and try again");
  }
  return {};
}

Result<void> check_percents(const Service& service) {
  const DeploymentConfiguration& limits = service.deployment_configuration;
  if (limits.minimum_healthy_percent != kWholePercent || limits.maximum_percent != kWholePercent) {
    return {};
  }
  return invalid_parameter(
      "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block "
      "deployments.");
}

Result<void> check_rebalancing(const Service& service) {
  if (service.availability_zone_rebalancing != "ENABLED" || service::can_be_rebalanced(service)) {
    return {};
  }
  return invalid_parameter(
      "Availability Zone rebalancing is for services of the scheduling strategy REPLICA that "
      "spread their tasks and have a maximumPercent above 100.");
}

void apply_request(const ApiCall& call, const ServiceRequest& request, Service& service) {
  if (request.desired_count.has_value()) service.desired_count = *request.desired_count;
  if (request.deployment_configuration.has_value()) {
    DeploymentConfiguration& own = service.deployment_configuration;
    const DeploymentConfiguration& given = *request.deployment_configuration;
    const Json& configuration = member(call.body, "deploymentConfiguration");
    if (is_given(configuration, "deploymentCircuitBreaker")) own.breaker = given.breaker;
    if (given.maximum_percent.has_value()) own.maximum_percent = given.maximum_percent;
    if (given.minimum_healthy_percent.has_value()) {
      own.minimum_healthy_percent = given.minimum_healthy_percent;
    }
  }
  if (request.placement_constraints.has_value()) {
    service.placement_constraints = *request.placement_constraints;
  }
  if (request.placement_strategy.has_value()) {
    service.placement_strategy = *request.placement_strategy;
  }
  if (request.health_check_grace_period_seconds.has_value()) {
    service.health_check_grace_period_seconds = request.health_check_grace_period_seconds;
  }
  service.enable_ecs_managed_tags =
      request.enable_ecs_managed_tags.value_or(service.enable_ecs_managed_tags);
  service.enable_execute_command =
      request.enable_execute_command.value_or(service.enable_execute_command);
  service.availability_zone_rebalancing =
      request.availability_zone_rebalancing.value_or(service.availability_zone_rebalancing);
  service.propagate_tags = request.propagate_tags.value_or(service.propagate_tags);
}

void add_deployment(const ApiCall& call, Service& service, const DeploymentParts& parts) {
  for (Deployment& each : service.deployments) {
    each.status = "ACTIVE";
    each.desired_count = 0;
  }
  Deployment deployment;
  deployment.id = make_deployment_id(call);
  deployment.family = service.family;
  deployment.revision = service.revision;
  deployment.desired_count = service.desired_count;
  deployment.network_configuration = parts.network_configuration;
  deployment.load_balancers = parts.load_balancers;
  deployment.rollout_state_reason = fmt::format("ECS deployment {} in progress.", deployment.id);
  deployment.created_at = call.now;
  deployment.updated_at = call.now;
  service.deployments.insert(service.deployments.begin(), std::move(deployment));
}

Result<Launch> prepare_service_launch(const ApiCall& call,
                                      const State& state,
                                      const Service& service,
                                      const Deployment& deployment) {
  LaunchInput input;
  input.cluster = service.cluster;
  input.task_definition = fmt::format("{}:{}", deployment.family, deployment.revision);
  input.started_by = deployment.id;
  input.launch_type = service.launch_type;
  input.network_configuration = deployment.network_configuration;
  input.enable_execute_command = service.enable_execute_command;
  input.enable_ecs_managed_tags = service.enable_ecs_managed_tags;
  if (service.propagate_tags == "TASK_DEFINITION") input.propagate_tags = service.propagate_tags;
  if (service.propagate_tags == "SERVICE") input.tags = service.tags;
  // The definition may be deregistered: services that have it keep it.
  input.is_of_service = true;
  IK_LET(launch, prepare_launch(call, state, input));
  launch.pattern.group = group_of_service(service.name);
  for (const ContainerImage& pin : deployment.images) {
    for (TaskContainer& each : launch.pattern.containers) {
      if (each.name == pin.container) each.pinned_digest = pin.digest;
    }
  }
  if (!deployment.load_balancers.empty()) {
    launch.pattern.targets = TaskTargets{.load_balancers = deployment.load_balancers};
  }
  if (service.enable_ecs_managed_tags) {
    merge_tags(launch.pattern.tags, std::vector<Tag>{{"aws:ecs:serviceName", service.name}});
  }
  return launch;
}

Result<scheduler::Request> service_placement(const Launch& launch, const Service& service) {
  IK_LET(request,
         placement_request(launch, service.placement_constraints, service.placement_strategy));
  if (request.strategies.empty()) request.strategies = scheduler::default_service_strategies();
  return request;
}

Result<const ServiceState*> resolve_active_service(const ApiCall& call,
                                                   const NamedCluster& cluster,
                                                   const std::string& text) {
  const ServiceState* found = find_named_service(call, cluster, text);
  if (found == nullptr) return ecs_error("ServiceNotFoundException", "Service not found.");
  if (found->record.value.status != "ACTIVE") {
    return ecs_error("ServiceNotActiveException", "Service was not ACTIVE.");
  }
  return found;
}

}  // namespace ikada
