#include "cluster/api/actions.h"
#include "cluster/api/resolve.h"
#include "cluster/api/show.h"

namespace ikada {
namespace {

struct UpdateClusterInput {
  std::string cluster;
  OptionalList<ClusterSetting> settings;
  std::optional<ClusterConfiguration> configuration;
  std::optional<ServiceConnectDefaults> service_connect_defaults;
};

void describe(JsonFields& fields, UpdateClusterInput& input) {
  fields.required("cluster", input.cluster);
  fields.field("settings", input.settings);
  fields.field("configuration", input.configuration);
  fields.field("serviceConnectDefaults", input.service_connect_defaults);
}

constexpr ClusterParts kUpdated{.tags = true, .settings = true, .configurations = true};

}  // namespace

Result<Outcome> update_cluster(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<UpdateClusterInput>(call));
  IK_LET(named, resolve_cluster(call, state, input.cluster));
  Cluster cluster = named.state->record.value;
  IK_LET(settings,
         cluster_settings_with(cluster.settings,
                               input.settings.value_or(std::vector<ClusterSetting>{})));
  cluster.settings = std::move(settings);
  if (input.configuration.has_value()) cluster.configuration = input.configuration;
  if (input.service_connect_defaults.has_value()) {
    cluster.service_connect_defaults = input.service_connect_defaults;
  }
  IK_TRY(check_cluster(cluster));
  Proposal proposal{.then = [scope = call.scope, name = named.name](const State& after) {
    return Json{{"cluster", show_cluster(after, scope, name, kUpdated)}};
  }};
  proposal.put(cluster_key(call.scope, named.name), cluster, named.state->record.revision);
  return propose(std::move(proposal));
}

// The same with nothing but settings, which must be there.
Result<Outcome> update_cluster_settings(const ApiCall& call, const State& state) {
  const auto settings = call.body.find("settings");
  if (settings == call.body.end() || settings->is_null()) {
    return invalid_parameter("settings can not be blank.");
  }
  return update_cluster(call, state);
}

}  // namespace ikada
