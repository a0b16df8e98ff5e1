#include "cluster/model/task_definition_record.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

#include "cluster/model/task_size.h"

namespace ikada {
namespace {

constexpr std::int32_t kDefaultInterval = 30;
constexpr std::int32_t kDefaultTimeout = 5;
constexpr std::int32_t kDefaultRetries = 3;
constexpr std::int32_t kDefaultRestartPeriod = 300;

constexpr std::string_view kPrefix = "com.amazonaws.ecs.capability.";

// Names of capabilities; those with a dot in front come behind kPrefix.
constexpr const char* kCapabilities[] = {
    ".docker-remote-api.1.17",
    ".docker-remote-api.1.18",
    ".docker-remote-api.1.19",
    ".docker-remote-api.1.21",
    ".docker-remote-api.1.22",
    ".docker-remote-api.1.24",
    ".docker-remote-api.1.25",
    ".docker-remote-api.1.29",
    ".ecr-auth",
    ".logging-driver.awsfirelens",
    ".logging-driver.awslogs",
    ".logging-driver.fluentd",
    ".logging-driver.gelf",
    ".logging-driver.journald",
    ".logging-driver.json-file",
    ".logging-driver.none",
    ".logging-driver.splunk",
    ".logging-driver.syslog",
    ".privileged-container",
    ".task-iam-role",
    ".task-iam-role-network-host",
    "ecs.capability.container-health-check",
    "ecs.capability.container-ordering",
    "ecs.capability.container-restart-policy",
    "ecs.capability.docker-plugin.local",
    "ecs.capability.env-files.s3",
    "ecs.capability.execution-role-awslogs",
    "ecs.capability.execution-role-ecr-pull",
    "ecs.capability.pid-ipc-namespace-sharing",
    "ecs.capability.private-registry-authentication.secretsmanager",
    "ecs.capability.secrets.asm.environment-variables",
    "ecs.capability.secrets.ssm.environment-variables",
    "ecs.capability.task-cpu-mem-limit",
    "ecs.capability.task-eni",
};

std::string full_name(std::string_view name) {
  if (!name.starts_with('.')) return std::string(name);
  return std::string(kPrefix) + std::string(name.substr(1));
}

using Names = std::set<std::string>;

void add(Names& names, std::string_view name) { names.insert(full_name(name)); }

void add_for_log(Names& names, const LogConfiguration& log, bool has_execution_role) {
  add(names, ".logging-driver." + log.log_driver);
  if (log.log_driver != "awslogs") return;
  add(names, ".docker-remote-api.1.19");
  if (has_execution_role) add(names, "ecs.capability.execution-role-awslogs");
}

void add_for_secrets(Names& names, const std::vector<Secret>& secrets) {
  for (const Secret& secret : secrets) {
    const bool is_asm = secret.value_from.find(":secretsmanager:") != std::string::npos;
    add(names,
        is_asm ? "ecs.capability.secrets.asm.environment-variables"
               : "ecs.capability.secrets.ssm.environment-variables");
  }
}

void add_for_linux(Names& names, const LinuxParameters& parameters) {
  if (parameters.shared_memory_size_mib.has_value()) add(names, ".docker-remote-api.1.24");
  if (parameters.tmpfs.has_value()) add(names, ".docker-remote-api.1.24");
  if (parameters.init_process_enabled.has_value()) add(names, ".docker-remote-api.1.25");
  if (parameters.max_swap_mib.has_value() || parameters.swappiness.has_value()) {
    add(names, ".docker-remote-api.1.25");
  }
}

bool is_ecr_image(std::string_view image) {
  return image.find(".dkr.ecr.") != std::string_view::npos;
}

void add_for_container(Names& names,
                       const ContainerDefinition& container,
                       bool has_execution_role) {
  if (is_ecr_image(container.image)) {
    add(names, ".ecr-auth");
    if (has_execution_role) add(names, "ecs.capability.execution-role-ecr-pull");
  }
  if (container.log_configuration.has_value()) {
    add_for_log(names, *container.log_configuration, has_execution_role);
    if (container.log_configuration->secret_options.has_value()) {
      add_for_secrets(names, *container.log_configuration->secret_options);
    }
  }
  if (container.secrets.has_value()) add_for_secrets(names, *container.secrets);
  if (container.linux_parameters.has_value()) add_for_linux(names, *container.linux_parameters);
  if (container.health_check.has_value()) {
    add(names, "ecs.capability.container-health-check");
    add(names, ".docker-remote-api.1.24");
    // The start period came later than the check.
    if (container.health_check->start_period_s.has_value()) add(names, ".docker-remote-api.1.29");
  }
  if (container.depends_on.has_value()) add(names, "ecs.capability.container-ordering");
  if (container.restart_policy.has_value()) add(names, "ecs.capability.container-restart-policy");
  if (container.environment_files.has_value()) add(names, "ecs.capability.env-files.s3");
  if (container.privileged.value_or(false)) add(names, ".privileged-container");
  if (container.memory_reservation_mib.has_value()) add(names, ".docker-remote-api.1.21");
  if (container.credentials_parameter.has_value()) {
    add(names, "ecs.capability.private-registry-authentication.secretsmanager");
  }
}

void fill_port(PortMapping& port, const std::string& mode) {
  if (!port.protocol.has_value()) port.protocol = "tcp";
  if (port.container_port_range.has_value()) return;
  const bool is_same = mode == "awsvpc" || mode == "host";
  if (is_same) {
    port.host_port = port.container_port;
  } else if (!port.host_port.has_value()) {
    port.host_port = 0;
  }
}

void fill_container(ContainerDefinition& container, const std::string& mode) {
  for (PortMapping& port : container.port_mappings) fill_port(port, mode);
  if (container.health_check.has_value()) {
    HealthCheck& check = *container.health_check;
    check.interval_s = check.interval_s.value_or(kDefaultInterval);
    check.timeout_s = check.timeout_s.value_or(kDefaultTimeout);
    check.retries = check.retries.value_or(kDefaultRetries);
  }
  if (container.restart_policy.has_value() && container.restart_policy->enabled) {
    auto& period = container.restart_policy->restart_attempt_period_s;
    period = period.value_or(kDefaultRestartPeriod);
  }
}

bool fits_fargate(const TaskDefinition& definition) {
  if (network_mode_of(definition) != "awsvpc") return false;
  if (!definition.cpu.has_value() || !definition.memory.has_value()) return false;
  const Result<std::int64_t> cpu = parse_task_cpu(*definition.cpu);
  const Result<std::int64_t> memory = parse_task_memory(*definition.memory);
  if (!cpu.has_value() || !memory.has_value() || !is_fargate_size(*cpu, *memory)) return false;
  return std::none_of(
      definition.container_definitions.begin(),
      definition.container_definitions.end(),
      [](const ContainerDefinition& each) { return each.privileged.value_or(false); });
}

}  // namespace

void fill_defaults(TaskDefinition& definition) {
  const std::string mode = network_mode_of(definition);
  for (ContainerDefinition& each : definition.container_definitions) fill_container(each, mode);
  if (definition.cpu.has_value()) {
    const Result<std::int64_t> cpu = parse_task_cpu(*definition.cpu);
    if (cpu.has_value()) definition.cpu = std::to_string(*cpu);
  }
  if (definition.memory.has_value()) {
    const Result<std::int64_t> memory = parse_task_memory(*definition.memory);
    if (memory.has_value()) definition.memory = std::to_string(*memory);
  }
}

std::vector<Attribute> required_attributes(const TaskDefinition& definition) {
  const std::string mode = network_mode_of(definition);
  Names names;
  add(names, ".docker-remote-api.1.18");
  for (const ContainerDefinition& container : definition.container_definitions) {
    add_for_container(names, container, definition.execution_role_arn.has_value());
  }
  if (mode == "awsvpc") add(names, "ecs.capability.task-eni");
  if (definition.task_role_arn.has_value()) {
    add(names, mode == "host" ? ".task-iam-role-network-host" : ".task-iam-role");
  }
  if (definition.cpu.has_value() || definition.memory.has_value()) {
    add(names, "ecs.capability.task-cpu-mem-limit");
  }
  if (definition.pid_mode.has_value() || definition.ipc_mode.has_value()) {
    add(names, "ecs.capability.pid-ipc-namespace-sharing");
  }
  for (const Volume& volume : definition.volumes) {
    if (!volume.docker.has_value()) continue;
    add(names, "ecs.capability.docker-plugin." + volume.docker->driver.value_or("local"));
  }
  std::vector<Attribute> attributes;
  for (const std::string& name : names) attributes.push_back({.name = name});
  return attributes;
}

std::vector<std::string> compatibilities_of(const TaskDefinition& definition) {
  std::vector<std::string> fits;
  if (network_mode_of(definition) != "awsvpc") fits.emplace_back("EXTERNAL");
  fits.emplace_back("EC2");
  if (fits_fargate(definition)) fits.emplace_back("FARGATE");
  return fits;
}

std::vector<std::string> all_capabilities() {
  std::vector<std::string> names;
  std::transform(
      std::begin(kCapabilities), std::end(kCapabilities), std::back_inserter(names), full_name);
  return names;
}

}  // namespace ikada
