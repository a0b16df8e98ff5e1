#include <algorithm>
#include <utility>

#include "cluster/api/actions.h"
#include "cluster/api/task_placer.h"

namespace ikada {
namespace {

constexpr size_t kMaxStarted = 10;
constexpr size_t kStartedIdBytes = 16;

struct StartTaskInput {
  LaunchInput launch = {};
  std::vector<std::string> container_instances = {};
};

void describe(JsonFields& fields, StartTaskInput& input) {
  describe_launch(fields, input.launch);
  fields.required("containerInstances", input.container_instances);
}

struct Started {
  std::vector<std::string> ids = {};
  std::vector<std::string> instances = {};
  Json failures = Json::array();
};

// One task for each instance that takes it.
Result<Started> start_each(const ApiCall& call,
                           const State& state,
                           const StartTaskInput& input,
                           const Launch& launch) {
  IK_LET(request, placement_request(launch, {}, {}));
  Started started;
  for (const std::string& text : input.container_instances) {
    const NamedInstance instance = find_instance(call, launch.cluster, text);
    if (instance.state == nullptr) {
      started.failures.push_back(
          missing(shown_arn(text, container_instance_arn(call.scope, launch.cluster.name, text))));
      continue;
    }
    std::string id = call.random_hex(kStartedIdBytes);
    Result<Json> failure =
        call.placer->start(state, call.scope, launch.cluster.name, request, id, instance.id);
    if (!failure.has_value()) {
      call.placer->take_back(call.scope, launch.cluster.name, started.ids);
      return std::move(failure.error());
    }
    if (!failure->is_null()) {
      started.failures.push_back(std::move(*failure));
      continue;
    }
    started.ids.push_back(std::move(id));
    started.instances.push_back(instance.id);
  }
  return started;
}

}  // namespace

Result<Outcome> start_task(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<StartTaskInput>(call));
  if (input.container_instances.empty() || input.container_instances.size() > kMaxStarted) {
    return invalid_parameter("containerInstances must have between 1 and {} elements.",
                             kMaxStarted);
  }
  IK_LET(launch, prepare_launch(call, state, input.launch));
  IK_LET(started, start_each(call, state, input, launch));
  if (started.ids.empty()) {
    return answer({{"tasks", Json::array()}, {"failures", std::move(started.failures)}});
  }
  const std::string cluster = launch.cluster.name;
  Proposal proposal;
  guard_launch(proposal, call, launch, started.instances);
  for (size_t i = 0; i < started.ids.size(); ++i) {
    const InstanceState& instance =
        launch.cluster.state->instances.find(started.instances[i])->second;
    proposal.put(task_key(call.scope, cluster, started.ids[i]),
                 make_launched_task(call, launch, started.ids[i], instance.record.value),
                 0);
  }
  proposal.settled =
      [placer = call.placer, scope = call.scope, cluster, ids = started.ids](bool made) {
        if (!made) placer->take_back(scope, cluster, ids);
      };
  proposal.then = [scope = call.scope, cluster, started](const State& after) {
    Json shown = Json::array();
    const ClusterState* now = after.scope(scope).find_cluster(cluster);
    for (const std::string& id : started.ids) {
      if (now == nullptr || now->tasks.count(id) == 0) continue;
      shown.push_back(show_task(now->tasks.at(id).value, scope, true));
    }
    return Json{{"tasks", std::move(shown)}, {"failures", started.failures}};
  };
  return propose(std::move(proposal));
}

}  // namespace ikada
