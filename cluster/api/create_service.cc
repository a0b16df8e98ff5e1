#include <utility>

#include "cluster/api/actions.h"
#include "cluster/api/pass_role.h"
#include "cluster/api/service_history.h"
#include "cluster/api/service_request.h"
#include "cluster/api/service_targets.h"
#include "cluster/api/service_view.h"
#include "cluster/model/names.h"
#include "cluster/service/daemon_step.h"
#include "cluster/service/rebalance.h"
#include "image/digest.h"

namespace ikada {
namespace {

struct CreateServiceInput {
  ServiceRequest request = {};
  std::string service_name = {};
  std::string scheduling_strategy = "REPLICA";
  std::string launch_type = "EC2";
  std::optional<std::string> role = {};
  std::optional<std::string> client_token = {};
  std::vector<Tag> tags = {};
};

void describe(JsonFields& fields, CreateServiceInput& input) {
  describe_service_request(fields, input.request);
  fields.required("serviceName", input.service_name);
  fields.field("schedulingStrategy", input.scheduling_strategy);
  fields.field("launchType", input.launch_type);
  fields.field("role", input.role);
  fields.field("clientToken", input.client_token);
  fields.field("tags", input.tags);
}

Result<void> check_creation(const ApiCall& call, const CreateServiceInput& input) {
  if (!is_resource_name(input.service_name)) {
    return invalid_parameter("Invalid service name '{}'.", input.service_name.substr(0, 255));
  }
  const bool for_each_host = input.scheduling_strategy == "DAEMON";
  if (!for_each_host && input.scheduling_strategy != "REPLICA") {
    return invalid_parameter("Invalid schedulingStrategy '{}'.", input.scheduling_strategy);
  }
  if (!for_each_host && !input.request.desired_count.has_value()) {
    return invalid_parameter("desiredCount can not be blank.");
  }
  if (for_each_host) IK_TRY(check_daemon_request(input.request));
  if (input.request.task_definition.value_or("").empty()) {
    return invalid_parameter("Task definition can not be blank.");
  }
  if (input.client_token.has_value() && !is_client_token(*input.client_token)) {
    return invalid_parameter("Invalid clientToken.");
  }
  IK_TRY(check_tags(input.tags));
  return check_service_request(call, input.request);
}

Result<Service> make_service(const ApiCall& call,
                             const State& state,
                             const CreateServiceInput& input,
                             const std::string& cluster) {
  IK_LET(definition, resolve_runnable(call, state, *input.request.task_definition, false));
  IK_TRY(check_pass_role(call, definition->value));
  Service service;
  service.cluster = cluster;
  service.name = input.service_name;
  service.family = definition->value.family;
  service.revision = definition->value.revision;
  service.launch_type = input.launch_type;
  service.scheduling_strategy = input.scheduling_strategy;
  const bool for_each_host = is_daemon(service);
  service.deployment_configuration.maximum_percent =
      for_each_host ? service::kDaemonMaximumPercent : service::kDefaultMaximumPercent;
  service.deployment_configuration.minimum_healthy_percent =
      for_each_host ? service::kDaemonMinimumHealthyPercent
                    : service::kDefaultMinimumHealthyPercent;
  service.role_arn = input.role;
  service.tags = input.tags;
  service.created_at = call.now;
  if (!call.caller_arn.empty()) service.created_by = call.caller_arn;
  apply_request(call, input.request, service);
  // ECS balances new services that it can.
  if (!input.request.availability_zone_rebalancing.has_value() &&
      service::can_be_rebalanced(service)) {
    service.availability_zone_rebalancing = "ENABLED";
  }
  IK_TRY(check_percents(service));
  IK_TRY(check_rebalancing(service));
  const auto given = input.request.load_balancers.value_or(std::vector<ServiceLoadBalancer>{});
  add_deployment(call,
                 service,
                 {.network_configuration = input.request.network_configuration,
                  .load_balancers = with_arns(state.scope(call.scope), given)});
  return service;
}

// RunTask's tokens stand beside them and are others.
std::string name_of_service_token(const std::string& token) {
  return std::string(Digest::of("CreateService\n" + token).hex());
}

// Null if it was not used.
const Kept<RunToken>* find_token(const ClusterState& cluster, const std::string& token) {
  const auto found = cluster.tokens.find(name_of_service_token(token));
  return found == cluster.tokens.end() ? nullptr : &found->second;
}

Result<void> check_token(const ClusterState& cluster,
                         const std::optional<std::string>& token,
                         const std::string& digest) {
  const Kept<RunToken>* used = token.has_value() ? find_token(cluster, *token) : nullptr;
  if (used == nullptr || used->value.request == digest) return {};
  return ecs_error("ConflictException", "The clientToken was used with other parameters.");
}

void propose_token(Proposal& proposal,
                   const ApiCall& call,
                   const NamedCluster& cluster,
                   const std::string& token) {
  const Kept<RunToken>* used = find_token(*cluster.state, token);
  proposal.put(token_key(call.scope, cluster.name, name_of_service_token(token)),
               RunToken{.request = digest_of_body(call), .tasks = {}, .created_at = call.now},
               used == nullptr ? 0 : used->revision);
}

}  // namespace

// The same request again is answered with the service that it made.
Result<Outcome> create_service(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<CreateServiceInput>(call));
  IK_TRY(check_creation(call, input));
  IK_LET(cluster, resolve_cluster(call, state, input.request.cluster));
  const std::string digest = digest_of_body(call);
  IK_TRY(check_token(*cluster.state, input.client_token, digest));
  const auto show = answer_with_service(call, cluster.name, input.service_name);
  const ServiceState* present = find_service(*cluster.state, input.service_name);
  if (present != nullptr && present->record.value.status != "INACTIVE") {
    if (present->record.value.creation_digest == digest) return answer(show(state));
    const bool is_draining = present->record.value.status == "DRAINING";
    return invalid_parameter("{}",
                             is_draining ? "Unable to Start a service that is still Draining."
                                         : "Creation of service was not idempotent.");
  }
  IK_LET(service, make_service(call, state, input, cluster.name));
  service.creation_digest = digest;
  service.has_client_token = input.client_token.has_value();
  IK_LET(launch, prepare_service_launch(call, state, service, service.deployments[0]));
  IK_TRY(service_placement(launch, service));
  IK_TRY(
      check_load_balancers(call, state, service.deployments[0].load_balancers, launch.definition));

  Proposal proposal{.then = show};
  guard_launch(proposal, call, launch, {});
  proposal.put(service_key(call.scope, cluster.name, service.name),
               service,
               present == nullptr ? 0 : present->record.revision);
  if (input.client_token.has_value()) {
    propose_token(proposal, call, cluster, *input.client_token);
  }
  const auto events = cluster.state->services.find(service.name);
  if (events != cluster.state->services.end() && events->second.events.revision != 0) {
    proposal.remove(service_events_key(call.scope, cluster.name, service.name),
                    events->second.events.revision);
  }
  // That of an earlier service of this name is over.
  propose_history(proposal,
                  call,
                  {},
                  events == cluster.state->services.end() ? 0 : events->second.history.revision,
                  service,
                  {.service = &service, .now = call.now});
  return propose(std::move(proposal));
}

}  // namespace ikada
