#include <utility>

#include "cluster/api/actions.h"
#include "cluster/api/task_placer.h"
#include "cluster/model/names.h"
#include "image/digest.h"

namespace ikada {
namespace {

constexpr std::int32_t kMaxCount = 10;
constexpr size_t kTaskIdBytes = 16;

struct RunTaskInput {
  LaunchInput launch = {};
  std::int32_t count = 1;
  std::vector<PlacementConstraint> placement_constraints = {};
  std::vector<PlacementStrategy> placement_strategy = {};
  std::optional<std::vector<CapacityProviderStrategyItem>> capacity_providers = {};
  std::optional<std::string> client_token = {};
};

void describe(JsonFields& fields, RunTaskInput& input) {
  describe_launch(fields, input.launch);
  fields.field("count", input.count);
  fields.field("placementConstraints", input.placement_constraints);
  fields.field("placementStrategy", input.placement_strategy);
  fields.field("capacityProviderStrategy", input.capacity_providers);
  fields.field("clientToken", input.client_token);
}

Result<void> check_run(const RunTaskInput& input) {
  if (input.count < 1 || input.count > kMaxCount) {
    return invalid_parameter("count must be between 1 and {}.", kMaxCount);
  }
  if (input.client_token.has_value() && !is_client_token(*input.client_token)) {
    return invalid_parameter("Invalid clientToken.");
  }
  if (input.capacity_providers.has_value() && !input.capacity_providers->empty()) {
    return invalid_parameter("The specified capacity provider was not found.");
  }
  return {};
}

bool has_instances(const NamedCluster& cluster) {
  for (const auto& [id, instance] : cluster.state->instances) {
    if (instance.record.revision != 0) return true;
  }
  return false;
}

Json show_tasks(const State& state,
                const Scope& scope,
                const std::string& cluster,
                const std::vector<std::string>& ids) {
  Json shown = Json::array();
  const ClusterState* now = state.scope(scope).find_cluster(cluster);
  if (now == nullptr) return shown;
  for (const std::string& id : ids) {
    const auto found = now->tasks.find(id);
    if (found != now->tasks.end()) shown.push_back(show_task(found->second.value, scope, true));
  }
  return shown;
}

// A clientToken that was used already: the same request gets the same tasks, another one a refusal.
Result<Outcome> answer_again(const ApiCall& call,
                             const State& state,
                             const std::string& cluster,
                             const RunToken& token) {
  if (token.request != digest_of_body(call)) {
    Json tasks = Json::array();
    for (const std::string& id : token.tasks) tasks.push_back(task_arn(call.scope, cluster, id));
    return refuse({{"__type", "ConflictException"},
                   {"message", "The clientToken was used with other parameters."},
                   {"resourceIds", std::move(tasks)}});
  }
  return answer({{"tasks", show_tasks(state, call.scope, cluster, token.tasks)},
                 {"failures", Json::array()}});
}

std::string name_of_token(const std::string& token) { return std::string(Digest::of(token).hex()); }

Result<Outcome> propose_tasks(const ApiCall& call,
                              const State& state,
                              const RunTaskInput& input,
                              const Launch& launch) {
  IK_LET(request, placement_request(launch, input.placement_constraints, input.placement_strategy));
  const std::string& cluster = launch.cluster.name;
  std::vector<std::string> ids;
  ids.reserve(static_cast<size_t>(input.count));
  for (std::int32_t i = 0; i < input.count; ++i) ids.push_back(call.random_hex(kTaskIdBytes));
  IK_LET(instances, call.placer->place(state, call.scope, cluster, request, ids));
  Json failures = Json::array();
  if (instances.size() < ids.size()) {
    failures = call.placer->failures(state, call.scope, cluster, request);
  }
  ids.resize(instances.size());
  if (ids.empty()) return answer({{"tasks", Json::array()}, {"failures", std::move(failures)}});

  Proposal proposal;
  guard_launch(proposal, call, launch, instances);
  for (size_t i = 0; i < ids.size(); ++i) {
    const InstanceState& instance = launch.cluster.state->instances.find(instances[i])->second;
    proposal.put(task_key(call.scope, cluster, ids[i]),
                 make_launched_task(call, launch, ids[i], instance.record.value),
                 0);
  }
  if (input.client_token.has_value()) {
    proposal.put(token_key(call.scope, cluster, name_of_token(*input.client_token)),
                 RunToken{.request = digest_of_body(call), .tasks = ids, .created_at = call.now},
                 0);
  }
  proposal.settled = [placer = call.placer, scope = call.scope, cluster, ids](bool made) {
    if (!made) placer->take_back(scope, cluster, ids);
  };
  proposal.then = [scope = call.scope, cluster, ids, failures](const State& after) {
    return Json{{"tasks", show_tasks(after, scope, cluster, ids)}, {"failures", failures}};
  };
  return propose(std::move(proposal));
}

}  // namespace

Result<Outcome> run_task(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<RunTaskInput>(call));
  IK_TRY(check_run(input));
  IK_LET(launch, prepare_launch(call, state, input.launch));
  if (input.client_token.has_value()) {
    const auto& tokens = launch.cluster.state->tokens;
    const auto found = tokens.find(name_of_token(*input.client_token));
    if (found != tokens.end()) {
      return answer_again(call, state, launch.cluster.name, found->second.value);
    }
  }
  if (!has_instances(launch.cluster)) {
    return invalid_parameter("No Container Instances were found in your cluster.");
  }
  return propose_tasks(call, state, input, launch);
}

}  // namespace ikada
