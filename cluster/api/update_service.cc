#include <utility>

#include "cluster/api/actions.h"
#include "cluster/api/pass_role.h"
#include "cluster/api/service_history.h"
#include "cluster/api/service_request.h"
#include "cluster/api/service_targets.h"
#include "cluster/api/service_view.h"

namespace ikada {
namespace {

struct UpdateServiceInput {
  ServiceRequest request = {};
  std::string service = {};
  bool force_new_deployment = false;
};

void describe(JsonFields& fields, UpdateServiceInput& input) {
  describe_service_request(fields, input.request);
  fields.required("service", input.service);
  fields.field("forceNewDeployment", input.force_new_deployment);
}

// What a deployment is made of, as text: what is the same needs no new one.
std::string shape_of(const Service& service, const DeploymentParts& parts) {
  Json shape = {{"family", service.family}, {"revision", service.revision}};
  Json whole = to_json(service);
  for (const char* each : {"placementConstraints", "placementStrategy"}) shape[each] = whole[each];
  if (parts.network_configuration.has_value()) {
    shape["network"] = to_json(*parts.network_configuration);
  }
  for (const auto& each : parts.load_balancers) shape["balancers"].push_back(to_json(each));
  return shape.dump();
}

// A change of what its tasks are makes a new deployment; a change of their number does not.
Result<Service> updated(const ApiCall& call,
                        const State& state,
                        const UpdateServiceInput& input,
                        const Service& before) {
  Service service = before;
  // With a clientToken it stays the same request, whatever has become of the service.
  if (!service.has_client_token) service.creation_digest.reset();
  const Deployment* primary = primary_of(before);
  DeploymentParts parts;
  if (primary != nullptr) {
    parts = {.network_configuration = primary->network_configuration,
             .load_balancers = primary->load_balancers};
  }
  const std::string shape_before = shape_of(before, parts);
  apply_request(call, input.request, service);
  if (input.request.deployment_configuration.has_value()) IK_TRY(check_percents(service));
  if (input.request.availability_zone_rebalancing.has_value()) IK_TRY(check_rebalancing(service));
  if (input.request.task_definition.has_value()) {
    IK_LET(definition, resolve_runnable(call, state, *input.request.task_definition, false));
    IK_TRY(check_pass_role(call, definition->value));
    service.family = definition->value.family;
    service.revision = definition->value.revision;
  }
  if (input.request.network_configuration.has_value()) {
    parts.network_configuration = input.request.network_configuration;
  }
  if (input.request.load_balancers.has_value()) {
    parts.load_balancers = with_arns(state.scope(call.scope), *input.request.load_balancers);
  }
  if (input.force_new_deployment || shape_of(service, parts) != shape_before) {
    add_deployment(call, service, parts);
  } else if (Deployment* present = primary_of(service);
             present != nullptr && present->desired_count != service.desired_count) {
    present->desired_count = service.desired_count;
    present->updated_at = call.now;
  }
  return service;
}

}  // namespace

Result<Outcome> update_service(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<UpdateServiceInput>(call));
  IK_TRY(check_service_request(call, input.request));
  IK_LET(cluster, resolve_cluster(call, state, input.request.cluster));
  IK_LET(present, resolve_active_service(call, cluster, input.service));
  if (is_daemon(present->record.value)) IK_TRY(check_daemon_request(input.request));
  IK_LET(service, updated(call, state, input, present->record.value));
  IK_LET(launch, prepare_service_launch(call, state, service, *primary_of(service)));
  IK_TRY(service_placement(launch, service));
  const Deployment& primary = *primary_of(service);
  if (primary.id != primary_of(present->record.value)->id) {
    IK_TRY(check_load_balancers(call, state, primary.load_balancers, launch.definition));
  }
  Proposal proposal{.then = answer_with_service(call, cluster.name, service.name)};
  guard_launch(proposal, call, launch, {});
  proposal.put(
      service_key(call.scope, cluster.name, service.name), service, present->record.revision);
  propose_history(proposal,
                  call,
                  present->history.value,
                  present->history.revision,
                  service,
                  view_of_service(state.scope(call.scope), *cluster.state, *present, call));
  return propose(std::move(proposal));
}

}  // namespace ikada
