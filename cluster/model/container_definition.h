// A container of a task definition, as ECS's API has it.
//
// Fields that ECS always answers (cpu, essential, the four lists, systemControls) have their
// default here; the others are there when they were registered, an empty list included.
// Enumerations stay words: check_task_definition() says which are known.
//
// Source: Amazon ECS API Reference, ContainerDefinition and the types it names.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/model/linux_parameters.h"

namespace ikada {

struct KeyValuePair {
  std::string name = {};
  std::optional<std::string> value = {};
};
void describe(JsonFields& fields, KeyValuePair& pair);

struct PortMapping {
  std::optional<std::int32_t> container_port = {};
  std::optional<std::int32_t> host_port = {};
  std::optional<std::string> protocol = {};
  std::optional<std::string> name = {};
  std::optional<std::string> app_protocol = {};
  std::optional<std::string> container_port_range = {};  // "8000-8010", instead of container_port.
};
void describe(JsonFields& fields, PortMapping& port);

struct MountPoint {
  std::optional<std::string> source_volume = {};
  std::optional<std::string> container_path = {};
  std::optional<bool> read_only = {};
};
void describe(JsonFields& fields, MountPoint& mount);

struct VolumeFrom {
  std::string source_container = {};
  std::optional<bool> read_only = {};
};
void describe(JsonFields& fields, VolumeFrom& volume);

struct ContainerRestartPolicy {
  bool enabled = false;
  OptionalList<std::int32_t> ignored_exit_codes = {};
  std::optional<std::int32_t> restart_attempt_period_s = {};
};
void describe(JsonFields& fields, ContainerRestartPolicy& policy);

struct EnvironmentFile {
  std::string value = {};
  std::string type = {};
};
void describe(JsonFields& fields, EnvironmentFile& file);

struct Secret {
  std::string name = {};
  std::string value_from = {};
};
void describe(JsonFields& fields, Secret& secret);

struct ContainerDependency {
  std::string container_name = {};
  std::string condition = {};  // START, COMPLETE, SUCCESS or HEALTHY.
};
void describe(JsonFields& fields, ContainerDependency& dependency);

struct HostEntry {
  std::string hostname = {};
  std::string ip_address = {};
};
void describe(JsonFields& fields, HostEntry& entry);

struct LogConfiguration {
  std::string log_driver = {};
  std::optional<StringMap> options = {};
  OptionalList<Secret> secret_options = {};
};
void describe(JsonFields& fields, LogConfiguration& log);

struct HealthCheck {
  std::vector<std::string> command = {};  // "CMD" or "CMD-SHELL" first.
  std::optional<std::int32_t> interval_s = {};
  std::optional<std::int32_t> timeout_s = {};
  std::optional<std::int32_t> retries = {};
  std::optional<std::int32_t> start_period_s = {};
};
void describe(JsonFields& fields, HealthCheck& check);

struct SystemControl {
  std::optional<std::string> name = {};  // "namespace" in the API: "net.core.somaxconn".
  std::optional<std::string> value = {};
};
void describe(JsonFields& fields, SystemControl& control);

struct ResourceRequirement {
  std::string value = {};
  std::string type = {};  // GPU or InferenceAccelerator.
};
void describe(JsonFields& fields, ResourceRequirement& requirement);

struct FirelensConfiguration {
  std::string type = {};
  std::optional<StringMap> options = {};
};
void describe(JsonFields& fields, FirelensConfiguration& firelens);

struct ContainerDefinition {
  std::string name = {};
  std::string image = {};
  std::optional<std::string> credentials_parameter =
      {};  // repositoryCredentials.credentialsParameter
  std::int32_t cpu_units = 0;
  std::optional<std::int32_t> memory_mib = {};
  std::optional<std::int32_t> memory_reservation_mib = {};
  OptionalList<std::string> links = {};
  std::vector<PortMapping> port_mappings = {};
  bool essential = true;
  std::optional<ContainerRestartPolicy> restart_policy = {};
  OptionalList<std::string> entry_point = {};
  OptionalList<std::string> command = {};
  std::vector<KeyValuePair> environment = {};
  OptionalList<EnvironmentFile> environment_files = {};
  std::vector<MountPoint> mount_points = {};
  std::vector<VolumeFrom> volumes_from = {};
  std::optional<LinuxParameters> linux_parameters = {};
  OptionalList<Secret> secrets = {};
  OptionalList<ContainerDependency> depends_on = {};
  std::optional<std::int32_t> start_timeout_s = {};
  std::optional<std::int32_t> stop_timeout_s = {};
  std::optional<std::string> version_consistency = {};
  std::optional<std::string> hostname = {};
  std::optional<std::string> user = {};
  std::optional<std::string> working_directory = {};
  std::optional<bool> disable_networking = {};
  std::optional<bool> privileged = {};
  std::optional<bool> readonly_root_filesystem = {};
  OptionalList<std::string> dns_servers = {};
  OptionalList<std::string> dns_search_domains = {};
  OptionalList<HostEntry> extra_hosts = {};
  OptionalList<std::string> docker_security_options = {};
  std::optional<bool> interactive = {};
  std::optional<bool> pseudo_terminal = {};
  std::optional<StringMap> docker_labels = {};
  OptionalList<Ulimit> ulimits = {};
  std::optional<LogConfiguration> log_configuration = {};
  std::optional<HealthCheck> health_check = {};
  std::vector<SystemControl> system_controls = {};
  OptionalList<ResourceRequirement> resource_requirements = {};
  std::optional<FirelensConfiguration> firelens_configuration = {};
  OptionalList<std::string> credential_specs = {};
};
void describe(JsonFields& fields, ContainerDefinition& container);

}  // namespace ikada
