// What RunTask and StartTask share: from a request to tasks, without saying where.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/api/api_call.h"
#include "cluster/api/outcome.h"
#include "cluster/api/resolve.h"
#include "cluster/model/log_group.h"
#include "cluster/model/task.h"

namespace ikada {

struct LaunchInput {
  std::string cluster = {};
  std::string task_definition = {};
  TaskOverride overrides = {};
  std::string group = {};
  std::optional<std::string> started_by = {};
  std::optional<std::string> launch_type = {};
  std::optional<NetworkConfiguration> network_configuration = {};
  bool enable_execute_command = false;
  bool enable_ecs_managed_tags = false;
  std::string propagate_tags = "NONE";
  std::vector<Tag> tags = {};
  // Its definition may be inactive, and a deployment has started it.
  bool is_of_service = false;
};
void describe_launch(JsonFields& fields, LaunchInput& input);

// A request that was found good: what each of its tasks is.
struct Launch {
  NamedCluster cluster = {};
  TaskDefinition definition = {};  // With the overrides in place.
  std::int64_t definition_revision = 0;
  Task pattern = {};  // Without ids and container instance.
  // Those that its containers log to and that are not there yet, by their records' keys.
  std::map<std::string, LogGroup> new_log_groups = {};
};

// ClientException, InvalidParameterException or ClusterNotFoundException.
Result<Launch> prepare_launch(const ApiCall& call, const State& state, const LaunchInput& input);

// One task of the launch, on that instance.
Task make_launched_task(const ApiCall& call,
                        const Launch& launch,
                        std::string id,
                        const ContainerInstance& instance);

// The cluster, the definition and the instances must still be as they were when it was decided. Log
// groups that are named and not there are made in the same breath.
void guard_launch(Proposal& proposal,
                  const ApiCall& call,
                  const Launch& launch,
                  const std::vector<std::string>& instances);

}  // namespace ikada
