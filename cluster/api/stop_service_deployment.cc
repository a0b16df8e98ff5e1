#include <utility>

#include "cluster/api/actions.h"
#include "cluster/api/service_history.h"
#include "cluster/api/service_view.h"
#include "cluster/service/rollout.h"

namespace ikada {
namespace {

struct StopServiceDeploymentInput {
  std::string arn;
  std::string stop_type = "ROLLBACK";
};

void describe(JsonFields& fields, StopServiceDeploymentInput& input) {
  fields.required("serviceDeploymentArn", input.arn);
  fields.field("stopType", input.stop_type);
}

// Nothing has asked it to stop yet.
bool can_be_stopped(const ServiceDeployment& deployment) {
  return deployment.status == "PENDING" || deployment.status == "IN_PROGRESS";
}

}  // namespace

// The service scheduler does it in its next step. One that stops already goes on to do so.
Result<Outcome> stop_service_deployment(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<StopServiceDeploymentInput>(call));
  if (input.stop_type != "ROLLBACK" && input.stop_type != "ABORT") {
    return invalid_parameter("Invalid stopType '{}'.", input.stop_type);
  }
  std::string id;
  const ShownHistory of = find_history(call, state, input.arn, "service-deployment", id);
  const ServiceDeployment* found =
      of.service == nullptr ? nullptr : find_deployment(of.service->history.value, id);
  if (found == nullptr) {
    return ecs_error("ServiceDeploymentNotFoundException", "Service deployment not found.");
  }
  if (is_over(*found)) {
    return ecs_error("ConflictException", "The service deployment is {}.", found->status);
  }
  Json shown = {{"serviceDeploymentArn", input.arn}};
  if (!can_be_stopped(*found)) return answer(std::move(shown));
  Service service = of.service->record.value;
  Deployment* primary = primary_of(service);
  if (primary == nullptr || revision_of_deployment(primary->id) != id) {
    return ecs_error("ConflictException", "The service deployment is not the service's newest.");
  }
  if (input.stop_type == "ROLLBACK" && !service::can_roll_back(service)) {
    return invalid_parameter("There is no completed deployment to roll back to.");
  }
  primary->stop_requested = input.stop_type;
  Proposal proposal{.then = [shown = std::move(shown)](const State&) { return shown; }};
  proposal.put(
      service_key(call.scope, service.cluster, service.name), service, of.service->record.revision);
  propose_history(proposal,
                  call,
                  of.service->history.value,
                  of.service->history.revision,
                  service,
                  view_of_service(*of.scope, *of.cluster, *of.service, call));
  return propose(std::move(proposal));
}

}  // namespace ikada
