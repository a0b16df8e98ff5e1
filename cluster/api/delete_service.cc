#include "cluster/api/actions.h"
#include "cluster/api/resolve.h"
#include "cluster/api/service_view.h"

namespace ikada {
namespace {

struct DeleteServiceInput {
  std::string cluster;
  std::string service;
  bool force = false;
};

void describe(JsonFields& fields, DeleteServiceInput& input) {
  fields.field("cluster", input.cluster);
  fields.required("service", input.service);
  fields.field("force", input.force);
}

}  // namespace

// It is DRAINING until its tasks are gone; its name is free again when it is INACTIVE.
Result<Outcome> delete_service(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DeleteServiceInput>(call));
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  const ServiceState* present = find_named_service(call, cluster, input.service);
  if (present == nullptr || present->record.value.status == "INACTIVE") {
    return ecs_error("ServiceNotFoundException", "Service not found.");
  }
  Service service = present->record.value;
  const auto show = answer_with_service(call, cluster.name, service.name);
  if (service.status == "DRAINING") return answer(show(state));
  if (service.desired_count > 0 && !is_daemon(service) && !input.force) {
    return invalid_parameter("The service cannot be stopped while it is scaled above 0.");
  }
  service.status = "DRAINING";
  service.desired_count = 0;
  for (Deployment& each : service.deployments) each.desired_count = 0;
  Proposal proposal{.then = show};
  proposal.put(
      service_key(call.scope, cluster.name, service.name), service, present->record.revision);
  return propose(std::move(proposal));
}

}  // namespace ikada
