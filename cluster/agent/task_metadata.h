// What a container is told of itself and of its task: the task metadata endpoint, version 4 (and
// 3). Pure.
//
// Source: Amazon ECS Developer Guide, "Task metadata endpoint version 4 response".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/engine/container_record.h"
#include "cluster/engine/live_status.h"
#include "cluster/model/task.h"
#include "runtime/base/json.h"

namespace ikada {

// A container as this host has it.
struct ContainerFacts {
  std::string name = {};  // In the task.
  ContainerRecord record = {};
  LiveStatus status = {};
  NetworkStatus network = {};
};

struct TaskMetadataInputs {
  const Scope& scope;
  const Task& task;
  const TaskDefinition& definition;  // With the task's overrides in place.
  const std::vector<ContainerFacts>& containers;
  std::map<std::string, std::int32_t> restarts = {};  // Of those that have a restart policy.
};

// Null for a container that the task does not have or that was not made yet.
Json container_metadata(const TaskMetadataInputs& inputs, const std::string& container);

Json task_metadata(const TaskMetadataInputs& inputs, bool with_tags);

}  // namespace ikada
