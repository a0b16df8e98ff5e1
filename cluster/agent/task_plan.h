// A task's containers in the engine's words: one ContainerSpec each. Pure.
//
// Everything that a container definition says is carried out or refused: what the engine cannot do
// is an error whose code is CannotCreateContainerError, what concerns the whole task
// ResourceInitializationError. Values that have to be fetched (files with variables, secrets) come
// in as texts; what only the engine knows when a container is made (the address of a linked one,
// the mounts of volumesFrom) goes out as names.
//
// Source: Amazon ECS API Reference, ContainerDefinition; Developer Guide, "Task definition
// parameters"; docker-run(1) for what the defaults mean.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/engine/container_spec.h"
#include "cluster/logstore/log_streams.h"
#include "cluster/model/task.h"

namespace ikada {

// What this host lets a container have.
struct HostAbilities {
  bool cpu_limits = true;  // The cgroup controllers are there.
  bool memory_limits = true;
  // False: a limit whose controller is missing is left out. True: the container is refused.
  bool must_limit = true;
};

struct TaskPlanInputs {
  const Task& task;
  const TaskDefinition& definition;  // With the task's overrides in place.
  const Scope& scope;
  HostAbilities host = {};
};

// What was fetched for one container.
struct FetchedEnvironment {
  std::vector<std::string> files = {};                            // Whole texts, in order.
  std::vector<std::pair<std::string, std::string>> secrets = {};  // Name and value.
  std::vector<std::pair<std::string, std::string>> agent = {};    // The agent's own.
};

// A volume that has a name of its own in the engine.
struct TaskVolume {
  std::string name = {};
  std::map<std::string, std::string> labels = {};
  bool goes_with_task = false;
  bool must_exist = false;
};

struct ContainerLink {
  std::string container = {};
  std::string alias = {};
};

struct ContainerPlan {
  ContainerSpec spec = {};
  std::vector<TaskVolume> volumes = {};
  std::vector<ContainerLink> links = {};
  std::vector<VolumeFrom> volumes_from = {};
  std::optional<LogStreamFacts> log_stream = {};  // Where its log is, without a time.
};

inline constexpr std::int64_t kDefaultStopTimeoutS = 30;

inline constexpr const char* kTaskArnLabel = "com.amazonaws.ecs.task-arn";
inline constexpr const char* kContainerNameLabel = "com.amazonaws.ecs.container-name";

// What is wrong with the task as a whole.
Result<void> check_task_plan(const TaskDefinition& definition);

Result<ContainerPlan> plan_container(const TaskPlanInputs& inputs,
                                     const ContainerDefinition& container,
                                     const FetchedEnvironment& fetched);

// The shares that the kernel gets: nothing, 0 and 1 are 2; more than 256 CPUs are 256.
std::uint64_t cpu_shares_of(std::int64_t cpu_units);

// The name of the task's container in the engine, by which it is found again.
std::string task_container_name(const Task& task, const std::string& container);

// The name of a volume that lives as long as its task.
std::string task_volume_name(const Task& task, const std::string& volume);

// The parts, each in a file of its own.
Result<std::vector<std::string>> plan_task_environment(const ContainerDefinition& container,
                                                       const FetchedEnvironment& fetched);
Result<void> plan_task_linux(const TaskPlanInputs& inputs,
                             const ContainerDefinition& container,
                             ContainerSpec& spec);
Result<void> plan_task_limits(const TaskPlanInputs& inputs,
                              const ContainerDefinition& container,
                              ContainerSpec& spec);
Result<void> plan_task_log(const TaskPlanInputs& inputs,
                           const ContainerDefinition& container,
                           ContainerPlan& plan);
Result<void> plan_task_network(const TaskPlanInputs& inputs,
                               const ContainerDefinition& container,
                               ContainerPlan& plan);
Result<void> plan_task_volumes(const TaskPlanInputs& inputs,
                               const ContainerDefinition& container,
                               ContainerPlan& plan);

}  // namespace ikada
