#include <algorithm>
#include <set>
#include <span>
#include <string_view>

#include "cluster/model/ecs_error.h"
#include "cluster/model/task_definition_check.h"

namespace ikada {
namespace {

constexpr std::int32_t kMaxSwappiness = 100;

constexpr std::string_view kUlimitNames[] = {"core",
                                             "cpu",
                                             "data",
                                             "fsize",
                                             "locks",
                                             "memlock",
                                             "msgqueue",
                                             "nice",
                                             "nofile",
                                             "nproc",
                                             "rss",
                                             "rtprio",
                                             "rttime",
                                             "sigpending",
                                             "stack"};

constexpr std::string_view kCapabilityNames[] = {
    "ALL",        "AUDIT_CONTROL",   "AUDIT_WRITE",      "BLOCK_SUSPEND",
    "CHOWN",      "DAC_OVERRIDE",    "DAC_READ_SEARCH",  "FOWNER",
    "FSETID",     "IPC_LOCK",        "IPC_OWNER",        "KILL",
    "LEASE",      "LINUX_IMMUTABLE", "MAC_ADMIN",        "MAC_OVERRIDE",
    "MKNOD",      "NET_ADMIN",       "NET_BIND_SERVICE", "NET_BROADCAST",
    "NET_RAW",    "SETFCAP",         "SETGID",           "SETPCAP",
    "SETUID",     "SYS_ADMIN",       "SYS_BOOT",         "SYS_CHROOT",
    "SYS_MODULE", "SYS_NICE",        "SYS_PACCT",        "SYS_PTRACE",
    "SYS_RAWIO",  "SYS_RESOURCE",    "SYS_TIME",         "SYS_TTY_CONFIG",
    "SYSLOG",     "WAKE_ALARM"};

bool is_in(std::span<const std::string_view> known, std::string_view word) {
  return std::find(known.begin(), known.end(), word) != known.end();
}

Result<void> check_ulimits(const ContainerDefinition& container) {
  if (!container.ulimits.has_value()) return {};
  std::set<std::string_view> names;
  for (const Ulimit& limit : *container.ulimits) {
    if (!is_in(kUlimitNames, limit.name)) {
      return client_exception(
          "Invalid ulimit name '{}' in container '{}'.", limit.name, container.name);
    }
    if (!names.insert(limit.name).second) {
      return client_exception(
          "Duplicate ulimit '{}' in container '{}'.", limit.name, container.name);
    }
    const bool fits =
        limit.hard_limit == -1 || (limit.soft_limit != -1 && limit.soft_limit <= limit.hard_limit);
    if (!fits || limit.soft_limit < -1 || limit.hard_limit < -1) {
      return client_exception(
          "The soft limit of ulimit '{}' in container '{}' must not be greater "
          "than its hard limit.",
          limit.name,
          container.name);
    }
  }
  return {};
}

Result<void> check_capabilities(const LinuxParameters& parameters,
                                const ContainerDefinition& container) {
  if (!parameters.capabilities.has_value()) return {};
  for (const auto* list : {&parameters.capabilities->add, &parameters.capabilities->drop}) {
    if (!list->has_value()) continue;
    for (const std::string& name : **list) {
      if (is_in(kCapabilityNames, name)) continue;
      return client_exception("Invalid capability '{}' in container '{}'.", name, container.name);
    }
  }
  return {};
}

Result<void> check_devices(const LinuxParameters& parameters,
                           const ContainerDefinition& container) {
  if (!parameters.devices.has_value()) return {};
  for (const Device& device : *parameters.devices) {
    if (!device.host_path.starts_with('/')) {
      return client_exception("The host path of a device of container '{}' must be absolute.",
                              container.name);
    }
    for (const std::string& each : device.permissions.value_or(std::vector<std::string>{})) {
      if (each == "read" || each == "write" || each == "mknod") continue;
      return client_exception(
          "Invalid device permission '{}' in container '{}'.", each, container.name);
    }
  }
  return {};
}

Result<void> check_memory_parameters(const LinuxParameters& parameters,
                                     const ContainerDefinition& container) {
  const std::int32_t swappiness = parameters.swappiness.value_or(0);
  if (swappiness < 0 || swappiness > kMaxSwappiness) {
    return client_exception("Invalid swappiness {} in container '{}'. It must be between 0 and {}.",
                            swappiness,
                            container.name,
                            kMaxSwappiness);
  }
  if (parameters.max_swap_mib.value_or(0) < 0) {
    return client_exception("Invalid maxSwap in container '{}'.", container.name);
  }
  if (parameters.shared_memory_size_mib.value_or(1) < 1) {
    return client_exception("Invalid sharedMemorySize in container '{}'.", container.name);
  }
  for (const Tmpfs& tmpfs : parameters.tmpfs.value_or(std::vector<Tmpfs>{})) {
    if (tmpfs.container_path.starts_with('/') && tmpfs.size_mib >= 1) continue;
    return client_exception("A tmpfs of container '{}' needs an absolute path and a size.",
                            container.name);
  }
  return {};
}

}  // namespace

Result<void> check_linux_parameters(const ContainerDefinition& container) {
  IK_TRY(check_ulimits(container));
  if (!container.linux_parameters.has_value()) return {};
  IK_TRY(check_capabilities(*container.linux_parameters, container));
  IK_TRY(check_devices(*container.linux_parameters, container));
  return check_memory_parameters(*container.linux_parameters, container);
}

}  // namespace ikada
