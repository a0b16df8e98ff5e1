#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

#include "cluster/model/ecs_error.h"
#include "cluster/model/names.h"
#include "cluster/model/task_definition_check.h"

namespace ikada {
namespace {

constexpr std::int32_t kMinMemoryMib = 6;
constexpr size_t kMaxEnvironmentFiles = 10;
constexpr size_t kMaxIgnoredExitCodes = 50;
constexpr std::int32_t kMaxExitCode = 255;

constexpr std::string_view kDrivers[] = {"json-file",
                                         "syslog",
                                         "journald",
                                         "gelf",
                                         "fluentd",
                                         "awslogs",
                                         "splunk",
                                         "awsfirelens",
                                         "none"};

struct Range {
  std::int32_t min;
  std::int32_t max;
};
constexpr Range kInterval{5, 300};
constexpr Range kTimeout{2, 60};
constexpr Range kRetries{1, 10};
constexpr Range kStartPeriod{0, 300};
constexpr Range kRestartPeriod{60, 1800};

Result<void> check_range(const std::optional<std::int32_t>& value,
                         const Range& range,
                         std::string_view what,
                         const ContainerDefinition& container) {
  if (!value.has_value() || (*value >= range.min && *value <= range.max)) return {};
  return client_exception("Invalid {} {} for container '{}'. It must be between {} and {}.",
                          what,
                          *value,
                          container.name,
                          range.min,
                          range.max);
}

Result<void> check_identity(const ContainerDefinition& container) {
  if (container.name.empty()) {
    return client_exception("Container.name should not be null or empty.");
  }
  if (!is_resource_name(container.name)) {
    return client_exception("Container.name contains invalid characters.");
  }
  if (container.image.empty()) {
    return client_exception("Container.image should not be null or empty.");
  }
  const bool has_blank = std::any_of(container.image.begin(),
                                     container.image.end(),
                                     [](char letter) { return letter <= ' ' || letter == '\x7f'; });
  if (has_blank) return client_exception("Container.image contains invalid characters.");
  return {};
}

Result<void> check_resources(const ContainerDefinition& container,
                             const TaskDefinition& definition) {
  const std::string_view name = container.name;
  if (container.cpu_units < 0) {
    return client_exception("Invalid 'cpu' setting for container '{}'.", name);
  }
  const auto& memory = container.memory_mib;
  const auto& reservation = container.memory_reservation_mib;
  if (!memory.has_value() && !reservation.has_value() && !definition.memory.has_value()) {
    return client_exception(
        "Invalid setting for container '{}'. At least one of 'memory' or "
        "'memoryReservation' must be specified.",
        name);
  }
  if (memory.value_or(kMinMemoryMib) < kMinMemoryMib) {
    return client_exception(
        "Invalid setting for container '{}'. 'memory' must be at least {}.", name, kMinMemoryMib);
  }
  if (reservation.value_or(kMinMemoryMib) < kMinMemoryMib) {
    return client_exception(
        "Invalid setting for container '{}'. 'memoryReservation' must be at least {}.",
        name,
        kMinMemoryMib);
  }
  if (memory.has_value() && reservation.has_value() && *memory < *reservation) {
    return client_exception(
        "Invalid setting for container '{}'. The 'memory' setting must not be "
        "less than 'memoryReservation'.",
        name);
  }
  return {};
}

Result<void> check_health(const ContainerDefinition& container) {
  if (!container.health_check.has_value()) return {};
  const HealthCheck& check = *container.health_check;
  const bool is_command =
      check.command.size() >= 2 && (check.command[0] == "CMD" || check.command[0] == "CMD-SHELL");
  if (!is_command) {
    return client_exception(
        "The health check command of container '{}' must start with CMD or "
        "CMD-SHELL and have a command behind it.",
        container.name);
  }
  IK_TRY(check_range(check.interval_s, kInterval, "health check interval", container));
  IK_TRY(check_range(check.timeout_s, kTimeout, "health check timeout", container));
  IK_TRY(check_range(check.retries, kRetries, "health check retries", container));
  return check_range(check.start_period_s, kStartPeriod, "health check startPeriod", container);
}

Result<void> check_restart(const ContainerDefinition& container) {
  if (!container.restart_policy.has_value()) return {};
  const ContainerRestartPolicy& policy = *container.restart_policy;
  IK_TRY(check_range(
      policy.restart_attempt_period_s, kRestartPeriod, "restartAttemptPeriod", container));
  const auto codes = policy.ignored_exit_codes.value_or(std::vector<std::int32_t>{});
  if (codes.size() > kMaxIgnoredExitCodes) {
    return client_exception(
        "Container '{}' has more than {} ignoredExitCodes.", container.name, kMaxIgnoredExitCodes);
  }
  for (const std::int32_t code : codes) {
    IK_TRY(check_range(code, {0, kMaxExitCode}, "ignored exit code", container));
  }
  return {};
}

Result<void> check_environment(const ContainerDefinition& container) {
  for (const KeyValuePair& pair : container.environment) {
    if (pair.name.empty()) {
      return client_exception("Environment variable names of container '{}' must not be empty.",
                              container.name);
    }
    if (pair.name.find('=') != std::string::npos || pair.name.find('\0') != std::string::npos) {
      return client_exception("Invalid environment variable name in container '{}'.",
                              container.name);
    }
  }
  const auto files = container.environment_files.value_or(std::vector<EnvironmentFile>{});
  if (files.size() > kMaxEnvironmentFiles) {
    return client_exception(
        "Container '{}' has more than {} environment files.", container.name, kMaxEnvironmentFiles);
  }
  for (const EnvironmentFile& file : files) {
    if (file.type != "s3") {
      return client_exception("Invalid environment file type '{}'.", file.type);
    }
    if (!file.value.ends_with(".env")) {
      return client_exception("Environment files must have the extension .env: '{}'.", file.value);
    }
  }
  return {};
}

Result<void> check_secrets(const ContainerDefinition& container) {
  std::set<std::string_view> names;
  for (const KeyValuePair& pair : container.environment) names.insert(pair.name);
  if (!container.secrets.has_value()) return {};
  for (const Secret& secret : *container.secrets) {
    if (secret.name.empty() || secret.value_from.empty()) {
      return client_exception("A secret of container '{}' needs a name and valueFrom.",
                              container.name);
    }
    if (!names.insert(secret.name).second) {
      return client_exception(
          "The secret name must be unique and not shared with any new or "
          "existing environment variables set on the container, such as '{}'",
          secret.name);
    }
  }
  return {};
}

Result<void> check_log(const ContainerDefinition& container) {
  if (!container.log_configuration.has_value()) return {};
  const LogConfiguration& log = *container.log_configuration;
  if (std::find(std::begin(kDrivers), std::end(kDrivers), log.log_driver) == std::end(kDrivers)) {
    return client_exception("Invalid log driver '{}'.", log.log_driver);
  }
  if (log.log_driver != "awslogs") return {};
  for (const char* option : {"awslogs-group", "awslogs-region"}) {
    if (!log.options.has_value() || log.options->count(option) == 0) {
      return client_exception(
          "Log driver awslogs requires options: awslogs-group, awslogs-region.");
    }
  }
  return {};
}

Result<void> check_mounts(const ContainerDefinition& container, const TaskDefinition& definition) {
  std::set<std::string_view> paths;
  for (const MountPoint& mount : container.mount_points) {
    const std::string source = mount.source_volume.value_or("");
    const bool is_known = std::any_of(definition.volumes.begin(),
                                      definition.volumes.end(),
                                      [&](const Volume& volume) { return volume.name == source; });
    if (!is_known) return client_exception("Unknown volume '{}'.", source);
    if (!mount.container_path.has_value() || !mount.container_path->starts_with('/')) {
      return client_exception("The container path of the volume '{}' must be absolute.", source);
    }
    if (!paths.insert(*mount.container_path).second) {
      return client_exception(
          "Duplicate mount point '{}' in container '{}'.", *mount.container_path, container.name);
    }
  }
  return {};
}

}  // namespace

Result<void> check_container(const ContainerDefinition& container,
                             const TaskDefinition& definition) {
  constexpr std::int32_t kAnyTime = 2'147'483'647;
  IK_TRY(check_identity(container));
  IK_TRY(check_resources(container, definition));
  IK_TRY(check_health(container));
  IK_TRY(check_restart(container));
  IK_TRY(check_environment(container));
  IK_TRY(check_secrets(container));
  IK_TRY(check_log(container));
  IK_TRY(check_range(container.start_timeout_s, {0, kAnyTime}, "startTimeout", container));
  IK_TRY(check_range(container.stop_timeout_s, {0, kAnyTime}, "stopTimeout", container));
  return check_mounts(container, definition);
}

}  // namespace ikada
