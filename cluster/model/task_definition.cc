#include "cluster/model/task_definition.h"

#include <algorithm>

namespace ikada {

void describe(JsonFields& fields, PlacementConstraint& constraint) {
  fields.field("type", constraint.type);
  fields.field("expression", constraint.expression);
}

void describe(JsonFields& fields, ProxyConfiguration& proxy) {
  fields.field("type", proxy.type);
  fields.required("containerName", proxy.container_name);
  fields.field("properties", proxy.properties);
}

void describe(JsonFields& fields, InferenceAccelerator& accelerator) {
  fields.required("deviceName", accelerator.device_name);
  fields.required("deviceType", accelerator.device_type);
}

void describe(JsonFields& fields, EphemeralStorage& storage) {
  fields.required("sizeInGiB", storage.size_gib);
}

void describe(JsonFields& fields, RuntimePlatform& platform) {
  fields.field("cpuArchitecture", platform.cpu_architecture);
  fields.field("operatingSystemFamily", platform.operating_system_family);
}

void describe_registration(JsonFields& fields, TaskDefinition& definition) {
  fields.field("family", definition.family);
  fields.field("containerDefinitions", definition.container_definitions);
  fields.field("taskRoleArn", definition.task_role_arn);
  fields.field("executionRoleArn", definition.execution_role_arn);
  fields.field("networkMode", definition.network_mode);
  fields.field("volumes", definition.volumes);
  fields.field("placementConstraints", definition.placement_constraints);
  fields.field("requiresCompatibilities", definition.requires_compatibilities);
  fields.field("cpu", definition.cpu);
  fields.field("memory", definition.memory);
  fields.field("pidMode", definition.pid_mode);
  fields.field("ipcMode", definition.ipc_mode);
  fields.field("proxyConfiguration", definition.proxy_configuration);
  fields.field("inferenceAccelerators", definition.inference_accelerators);
  fields.field("ephemeralStorage", definition.ephemeral_storage);
  fields.field("runtimePlatform", definition.runtime_platform);
  fields.field("enableFaultInjection", definition.enable_fault_injection);
  if (fields.is_reading()) fields.field("tags", definition.tags);
}

void describe(JsonFields& fields, TaskDefinition& definition) {
  describe_registration(fields, definition);
  fields.field("revision", definition.revision);
  fields.field("status", definition.status);
  fields.field("requiresAttributes", definition.requires_attributes);
  fields.field("compatibilities", definition.compatibilities);
  fields.field("registeredAt", definition.registered_at);
  fields.field("deregisteredAt", definition.deregistered_at);
  fields.field("deleteRequestedAt", definition.delete_requested_at);
  fields.field("registeredBy", definition.registered_by);
  if (!fields.is_reading()) fields.field("tags", definition.tags);
}

Json show_task_definition(const TaskDefinition& definition, const Scope& scope) {
  Json json = to_json(definition);
  json.erase("tags");
  json["taskDefinitionArn"] = task_definition_arn(scope, definition.family, definition.revision);
  return json;
}

std::string network_mode_of(const TaskDefinition& definition) {
  return definition.network_mode.value_or("bridge");
}

const ContainerDefinition* find_container(const TaskDefinition& definition, std::string_view name) {
  const auto& containers = definition.container_definitions;
  const auto found =
      std::find_if(containers.begin(), containers.end(), [&](const ContainerDefinition& each) {
        return each.name == name;
      });
  return found == containers.end() ? nullptr : &*found;
}

}  // namespace ikada
