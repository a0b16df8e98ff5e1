// What a task may change of its definition when it is run.
//
// Source: Amazon ECS API Reference, TaskOverride, ContainerOverride.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/model/task_definition.h"

namespace ikada {

struct ContainerOverride {
  std::string name = {};
  OptionalList<std::string> command = {};       // Replaces.
  OptionalList<KeyValuePair> environment = {};  // Merged by name.
  OptionalList<EnvironmentFile> environment_files = {};
  std::optional<std::int32_t> cpu_units = {};
  std::optional<std::int32_t> memory_mib = {};
  std::optional<std::int32_t> memory_reservation_mib = {};
  OptionalList<ResourceRequirement> resource_requirements = {};
};
void describe(JsonFields& fields, ContainerOverride& container);

struct InferenceAcceleratorOverride {
  std::optional<std::string> device_name = {};
  std::optional<std::string> device_type = {};
};
void describe(JsonFields& fields, InferenceAcceleratorOverride& accelerator);

struct TaskOverride {
  std::vector<ContainerOverride> container_overrides = {};
  std::vector<InferenceAcceleratorOverride> inference_accelerator_overrides = {};
  std::optional<std::string> cpu = {};
  std::optional<std::string> memory = {};
  std::optional<std::string> task_role_arn = {};
  std::optional<std::string> execution_role_arn = {};
  std::optional<EphemeralStorage> ephemeral_storage = {};
};
void describe(JsonFields& fields, TaskOverride& overrides);

// InvalidParameterException if it names a container that the definition does not have, one twice,
// or a size that is none.
Result<void> check_overrides(const TaskOverride& overrides, const TaskDefinition& definition);

// What the task really is: the definition with the overrides in place.
TaskDefinition apply_overrides(TaskDefinition definition, const TaskOverride& overrides);

}  // namespace ikada
