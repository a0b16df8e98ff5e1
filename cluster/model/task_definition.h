// A task definition: what is registered, and the record that it becomes.
//
// A record never changes but for its status and tags. `family`, `revision` and the scope of its key
// are its name; the ARN is made from them when it is shown.
//
// Source: Amazon ECS API Reference, TaskDefinition, RegisterTaskDefinition.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/model/arn.h"
#include "cluster/model/attribute.h"
#include "cluster/model/container_definition.h"
#include "cluster/model/tag.h"
#include "cluster/model/volume.h"

namespace ikada {

struct PlacementConstraint {
  std::string type = {};  // memberOf; for tasks also distinctInstance.
  std::optional<std::string> expression = {};
};
void describe(JsonFields& fields, PlacementConstraint& constraint);

struct ProxyConfiguration {
  std::optional<std::string> type = {};
  std::string container_name = {};
  OptionalList<KeyValuePair> properties = {};
};
void describe(JsonFields& fields, ProxyConfiguration& proxy);

struct InferenceAccelerator {
  std::string device_name = {};
  std::string device_type = {};
};
void describe(JsonFields& fields, InferenceAccelerator& accelerator);

struct EphemeralStorage {
  std::int32_t size_gib = 0;
};
void describe(JsonFields& fields, EphemeralStorage& storage);

struct RuntimePlatform {
  std::optional<std::string> cpu_architecture = {};
  std::optional<std::string> operating_system_family = {};
};
void describe(JsonFields& fields, RuntimePlatform& platform);

struct TaskDefinition {
  std::string family = {};
  std::int32_t revision = 0;
  std::string status = "ACTIVE";  // ACTIVE, INACTIVE or DELETE_IN_PROGRESS.
  std::vector<ContainerDefinition> container_definitions = {};
  std::optional<std::string> task_role_arn = {};
  std::optional<std::string> execution_role_arn = {};
  std::optional<std::string> network_mode =
      {};  // bridge, host, awsvpc or none; absent means bridge.
  std::vector<Volume> volumes = {};
  std::vector<PlacementConstraint> placement_constraints = {};
  OptionalList<std::string> requires_compatibilities = {};
  std::optional<std::string> cpu = {};     // CPU units in digits.
  std::optional<std::string> memory = {};  // MiB in digits.
  std::optional<std::string> pid_mode = {};
  std::optional<std::string> ipc_mode = {};
  std::optional<ProxyConfiguration> proxy_configuration = {};
  OptionalList<InferenceAccelerator> inference_accelerators = {};
  std::optional<EphemeralStorage> ephemeral_storage = {};
  std::optional<RuntimePlatform> runtime_platform = {};
  std::optional<bool> enable_fault_injection = {};

  // Computed when it is registered.
  std::vector<Attribute> requires_attributes = {};
  std::vector<std::string> compatibilities = {};
  std::optional<Timestamp> registered_at = {};
  std::optional<Timestamp> deregistered_at = {};
  std::optional<Timestamp> delete_requested_at = {};
  std::optional<std::string> registered_by = {};

  // Beside the definition in every request and answer, not in it.
  std::vector<Tag> tags = {};
};

// What RegisterTaskDefinition takes: everything but what is computed.
void describe_registration(JsonFields& fields, TaskDefinition& definition);

// The record as it is kept: everything.
void describe(JsonFields& fields, TaskDefinition& definition);

// As the API shows it: with its ARN, without its tags.
Json show_task_definition(const TaskDefinition& definition, const Scope& scope);

// The mode that counts: "bridge" when none was registered.
std::string network_mode_of(const TaskDefinition& definition);

const ContainerDefinition* find_container(const TaskDefinition& definition, std::string_view name);

}  // namespace ikada
