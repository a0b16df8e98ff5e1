#include "cluster/model/task_override.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "cluster/model/ecs_error.h"
#include "cluster/model/task_size.h"

namespace ikada {
namespace {

void apply_to_container(ContainerDefinition& container, const ContainerOverride& change) {
  if (change.command.has_value()) container.command = change.command;
  if (change.environment_files.has_value()) container.environment_files = change.environment_files;
  if (change.cpu_units.has_value()) container.cpu_units = *change.cpu_units;
  if (change.memory_mib.has_value()) container.memory_mib = change.memory_mib;
  if (change.memory_reservation_mib.has_value()) {
    container.memory_reservation_mib = change.memory_reservation_mib;
  }
  if (change.resource_requirements.has_value()) {
    container.resource_requirements = change.resource_requirements;
  }
  for (const KeyValuePair& pair : change.environment.value_or(std::vector<KeyValuePair>{})) {
    auto& environment = container.environment;
    const auto found =
        std::find_if(environment.begin(), environment.end(), [&](const KeyValuePair& each) {
          return each.name == pair.name;
        });
    if (found == environment.end()) {
      environment.push_back(pair);
    } else {
      found->value = pair.value;
    }
  }
}

}  // namespace

void describe(JsonFields& fields, ContainerOverride& container) {
  fields.field("name", container.name);
  fields.field("command", container.command);
  fields.field("environment", container.environment);
  fields.field("environmentFiles", container.environment_files);
  fields.field("cpu", container.cpu_units);
  fields.field("memory", container.memory_mib);
  fields.field("memoryReservation", container.memory_reservation_mib);
  fields.field("resourceRequirements", container.resource_requirements);
}

void describe(JsonFields& fields, InferenceAcceleratorOverride& accelerator) {
  fields.field("deviceName", accelerator.device_name);
  fields.field("deviceType", accelerator.device_type);
}

void describe(JsonFields& fields, TaskOverride& overrides) {
  fields.field("containerOverrides", overrides.container_overrides);
  fields.field("inferenceAcceleratorOverrides", overrides.inference_accelerator_overrides);
  fields.field("cpu", overrides.cpu);
  fields.field("memory", overrides.memory);
  fields.field("taskRoleArn", overrides.task_role_arn);
  fields.field("executionRoleArn", overrides.execution_role_arn);
  fields.field("ephemeralStorage", overrides.ephemeral_storage);
}

Result<void> check_overrides(const TaskOverride& overrides, const TaskDefinition& definition) {
  std::set<std::string_view> names;
  for (const ContainerOverride& each : overrides.container_overrides) {
    if (find_container(definition, each.name) == nullptr) {
      return invalid_parameter(
          "Override for container named {} is not a container in the "
          "TaskDefinition.",
          each.name.empty() ? "null" : each.name);
    }
    if (!names.insert(each.name).second) {
      return invalid_parameter("Duplicate override for container named {}.", each.name);
    }
    if (each.cpu_units.value_or(0) < 0 || each.memory_mib.value_or(1) < 1 ||
        each.memory_reservation_mib.value_or(1) < 1) {
      return invalid_parameter("Invalid cpu or memory in the override for container named {}.",
                               each.name);
    }
  }
  if (overrides.cpu.has_value() && !parse_task_cpu(*overrides.cpu).has_value()) {
    return invalid_parameter("Invalid 'cpu' setting for task.");
  }
  if (overrides.memory.has_value() && !parse_task_memory(*overrides.memory).has_value()) {
    return invalid_parameter("Invalid 'memory' setting for task.");
  }
  return {};
}

TaskDefinition apply_overrides(TaskDefinition definition, const TaskOverride& overrides) {
  for (const ContainerOverride& change : overrides.container_overrides) {
    for (ContainerDefinition& container : definition.container_definitions) {
      if (container.name == change.name) apply_to_container(container, change);
    }
  }
  if (overrides.cpu.has_value()) definition.cpu = overrides.cpu;
  if (overrides.memory.has_value()) definition.memory = overrides.memory;
  if (overrides.task_role_arn.has_value()) definition.task_role_arn = overrides.task_role_arn;
  if (overrides.execution_role_arn.has_value()) {
    definition.execution_role_arn = overrides.execution_role_arn;
  }
  return definition;
}

}  // namespace ikada
