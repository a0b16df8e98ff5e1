#include "cluster/api/actions.h"
#include "cluster/api/show.h"
#include "cluster/model/names.h"

namespace ikada {
namespace {

struct CreateClusterInput {
  std::string cluster_name;
  Cluster cluster;  // What else is given.
};

void describe(JsonFields& fields, CreateClusterInput& input) {
  fields.field("clusterName", input.cluster_name);
  fields.field("settings", input.cluster.settings);
  fields.field("configuration", input.cluster.configuration);
  fields.field("capacityProviders", input.cluster.capacity_providers);
  fields.field("defaultCapacityProviderStrategy", input.cluster.default_capacity_provider_strategy);
  fields.field("serviceConnectDefaults", input.cluster.service_connect_defaults);
  fields.field("tags", input.cluster.tags);
}

constexpr ClusterParts kShown{.tags = true, .settings = true, .configurations = true};

}  // namespace

Result<Outcome> create_cluster(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<CreateClusterInput>(call));
  const std::string name = input.cluster_name.empty() ? "default" : input.cluster_name;
  if (!is_resource_name(name)) return invalid_parameter("Invalid cluster name.");
  IK_LET(settings, cluster_settings_with({}, input.cluster.settings));
  input.cluster.name = name;
  input.cluster.settings = std::move(settings);
  IK_TRY(check_cluster(input.cluster));

  const auto show = [scope = call.scope, name](const State& after) {
    return Json{{"cluster", show_cluster(after, scope, name, kShown)}};
  };
  // Creating what is there answers what is there.
  const ClusterState* present = state.scope(call.scope).find_cluster(name);
  if (present != nullptr && present->record.value.status == "ACTIVE") return answer(show(state));
  Proposal proposal{.then = show};
  proposal.put(cluster_key(call.scope, name),
               input.cluster,
               present == nullptr ? 0 : present->record.revision);
  return propose(std::move(proposal));
}

}  // namespace ikada
