#include "cluster/model/container_definition.h"

namespace ikada {
namespace {

// The API wraps one string in an object.
struct RepositoryCredentials {
  std::string credentials_parameter;
};

void describe(JsonFields& fields, RepositoryCredentials& credentials) {
  fields.required("credentialsParameter", credentials.credentials_parameter);
}

void describe_credentials(JsonFields& fields, std::optional<std::string>& parameter) {
  std::optional<RepositoryCredentials> credentials;
  if (parameter.has_value()) credentials = RepositoryCredentials{*parameter};
  fields.field("repositoryCredentials", credentials);
  if (fields.is_reading() && credentials.has_value()) {
    parameter = std::move(credentials->credentials_parameter);
  }
}

void describe_resources(JsonFields& fields, ContainerDefinition& container) {
  fields.field("cpu", container.cpu_units);
  fields.field("memory", container.memory_mib);
  fields.field("memoryReservation", container.memory_reservation_mib);
  fields.field("ulimits", container.ulimits);
  fields.field("resourceRequirements", container.resource_requirements);
  fields.field("linuxParameters", container.linux_parameters);
  fields.field("systemControls", container.system_controls);
}

void describe_process(JsonFields& fields, ContainerDefinition& container) {
  fields.field("entryPoint", container.entry_point);
  fields.field("command", container.command);
  fields.field("environment", container.environment);
  fields.field("environmentFiles", container.environment_files);
  fields.field("secrets", container.secrets);
  fields.field("user", container.user);
  fields.field("workingDirectory", container.working_directory);
  fields.field("interactive", container.interactive);
  fields.field("pseudoTerminal", container.pseudo_terminal);
  fields.field("privileged", container.privileged);
  fields.field("readonlyRootFilesystem", container.readonly_root_filesystem);
  fields.field("dockerSecurityOptions", container.docker_security_options);
  fields.field("credentialSpecs", container.credential_specs);
}

void describe_network(JsonFields& fields, ContainerDefinition& container) {
  fields.field("portMappings", container.port_mappings);
  fields.field("links", container.links);
  fields.field("hostname", container.hostname);
  fields.field("disableNetworking", container.disable_networking);
  fields.field("dnsServers", container.dns_servers);
  fields.field("dnsSearchDomains", container.dns_search_domains);
  fields.field("extraHosts", container.extra_hosts);
}

void describe_life(JsonFields& fields, ContainerDefinition& container) {
  fields.field("essential", container.essential);
  fields.field("restartPolicy", container.restart_policy);
  fields.field("dependsOn", container.depends_on);
  fields.field("startTimeout", container.start_timeout_s);
  fields.field("stopTimeout", container.stop_timeout_s);
  fields.field("healthCheck", container.health_check);
}

}  // namespace

void describe(JsonFields& fields, KeyValuePair& pair) {
  fields.field("name", pair.name);
  fields.field("value", pair.value);
}

void describe(JsonFields& fields, PortMapping& port) {
  fields.field("containerPort", port.container_port);
  fields.field("hostPort", port.host_port);
  fields.field("protocol", port.protocol);
  fields.field("name", port.name);
  fields.field("appProtocol", port.app_protocol);
  fields.field("containerPortRange", port.container_port_range);
}

void describe(JsonFields& fields, MountPoint& mount) {
  fields.field("sourceVolume", mount.source_volume);
  fields.field("containerPath", mount.container_path);
  fields.field("readOnly", mount.read_only);
}

void describe(JsonFields& fields, VolumeFrom& volume) {
  fields.field("sourceContainer", volume.source_container);
  fields.field("readOnly", volume.read_only);
}

void describe(JsonFields& fields, ContainerRestartPolicy& policy) {
  fields.required("enabled", policy.enabled);
  fields.field("ignoredExitCodes", policy.ignored_exit_codes);
  fields.field("restartAttemptPeriod", policy.restart_attempt_period_s);
}

void describe(JsonFields& fields, EnvironmentFile& file) {
  fields.required("value", file.value);
  fields.required("type", file.type);
}

void describe(JsonFields& fields, Secret& secret) {
  fields.required("name", secret.name);
  fields.required("valueFrom", secret.value_from);
}

void describe(JsonFields& fields, ContainerDependency& dependency) {
  fields.required("containerName", dependency.container_name);
  fields.required("condition", dependency.condition);
}

void describe(JsonFields& fields, HostEntry& entry) {
  fields.required("hostname", entry.hostname);
  fields.required("ipAddress", entry.ip_address);
}

void describe(JsonFields& fields, LogConfiguration& log) {
  fields.required("logDriver", log.log_driver);
  fields.field("options", log.options);
  fields.field("secretOptions", log.secret_options);
}

void describe(JsonFields& fields, HealthCheck& check) {
  fields.required("command", check.command);
  fields.field("interval", check.interval_s);
  fields.field("timeout", check.timeout_s);
  fields.field("retries", check.retries);
  fields.field("startPeriod", check.start_period_s);
}

void describe(JsonFields& fields, SystemControl& control) {
  fields.field("namespace", control.name);
  fields.field("value", control.value);
}

void describe(JsonFields& fields, ResourceRequirement& requirement) {
  fields.required("value", requirement.value);
  fields.required("type", requirement.type);
}

void describe(JsonFields& fields, FirelensConfiguration& firelens) {
  fields.required("type", firelens.type);
  fields.field("options", firelens.options);
}

void describe(JsonFields& fields, ContainerDefinition& container) {
  fields.field("name", container.name);
  fields.field("image", container.image);
  describe_credentials(fields, container.credentials_parameter);
  describe_resources(fields, container);
  describe_process(fields, container);
  describe_network(fields, container);
  describe_life(fields, container);
  fields.field("mountPoints", container.mount_points);
  fields.field("volumesFrom", container.volumes_from);
  fields.field("versionConsistency", container.version_consistency);
  fields.field("dockerLabels", container.docker_labels);
  fields.field("logConfiguration", container.log_configuration);
  fields.field("firelensConfiguration", container.firelens_configuration);
}

}  // namespace ikada
