#include <algorithm>

#include "cluster/api/actions.h"
#include "cluster/api/expiry.h"
#include "cluster/api/resolve.h"
#include "cluster/api/show.h"

namespace ikada {
namespace {

constexpr size_t kMaxUpdated = 10;

struct UpdateContainerInstancesStateInput {
  std::string cluster;
  std::vector<std::string> container_instances;
  std::string status;
};

void describe(JsonFields& fields, UpdateContainerInstancesStateInput& input) {
  fields.field("cluster", input.cluster);
  fields.required("containerInstances", input.container_instances);
  fields.required("status", input.status);
}

}  // namespace

Result<Outcome> update_container_instances_state(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<UpdateContainerInstancesStateInput>(call));
  if (input.status != "ACTIVE" && input.status != "DRAINING") {
    return invalid_parameter("Container instance status should be one of [ACTIVE,DRAINING]");
  }
  if (input.container_instances.empty() || input.container_instances.size() > kMaxUpdated) {
    return invalid_parameter("containerInstances must have between 1 and {} elements.",
                             kMaxUpdated);
  }
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  Proposal proposal;
  Json failures = Json::array();
  std::vector<std::string> ids;
  for (const std::string& text : input.container_instances) {
    const NamedInstance instance = find_instance(call, cluster, text);
    if (instance.state == nullptr) {
      failures.push_back(
          missing(shown_arn(text, container_instance_arn(call.scope, cluster.name, text))));
      continue;
    }
    if (std::find(ids.begin(), ids.end(), instance.id) != ids.end()) continue;
    if (instance.state->record.value.status == kDeregistering) {
      failures.push_back({{"arn", container_instance_arn(call.scope, cluster.name, instance.id)},
                          {"reason", "INACTIVE"}});
      continue;
    }
    ids.push_back(instance.id);
    ContainerInstance changed = instance.state->record.value;
    if (changed.status == input.status) continue;
    changed.status = input.status;
    ++changed.version;
    proposal.put(instance_key(call.scope, cluster.name, instance.id),
                 changed,
                 instance.state->record.revision);
  }
  const auto show = [scope = call.scope, name = cluster.name, ids, failures](const State& after) {
    Json shown = Json::array();
    for (const std::string& id : ids) {
      Json json = show_instance(after, scope, name, id, false);
      if (!json.is_null()) shown.push_back(std::move(json));
    }
    return Json{{"containerInstances", std::move(shown)}, {"failures", failures}};
  };
  if (proposal.changes.empty()) return answer(show(state));
  proposal.then = show;
  return propose(std::move(proposal));
}

}  // namespace ikada
