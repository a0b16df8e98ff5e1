#include <algorithm>

#include "cluster/agent/task_error.h"
#include "cluster/agent/task_plan.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

std::uint64_t to_bytes(std::int64_t mib) { return static_cast<std::uint64_t>(mib) << 20; }

void plan_capabilities_of(const LinuxParameters& parameters, ContainerSpec& spec) {
  if (!parameters.capabilities.has_value()) return;
  const KernelCapabilities& wish = *parameters.capabilities;
  if (wish.add.has_value()) spec.security.add_capabilities = *wish.add;
  if (wish.drop.has_value()) spec.security.drop_capabilities = *wish.drop;
}

DeviceSpec plan_device(const Device& device) {
  DeviceSpec spec{.host_path = device.host_path,
                  .container_path = device.container_path.value_or(device.host_path)};
  if (!device.permissions.has_value() || device.permissions->empty()) return spec;
  spec.permissions.clear();
  for (const auto& [word, letter] :
       {std::pair{"read", 'r'}, std::pair{"write", 'w'}, std::pair{"mknod", 'm'}}) {
    const auto& given = *device.permissions;
    if (std::find(given.begin(), given.end(), word) != given.end()) spec.permissions += letter;
  }
  return spec;
}

MountSpec plan_tmpfs(const Tmpfs& tmpfs) {
  MountSpec mount{.type = MountSpec::Type::kTmpfs, .destination = tmpfs.container_path};
  mount.options.push_back(fmt::format("size={}m", tmpfs.size_mib));
  if (!tmpfs.mount_options.has_value()) return mount;
  for (const std::string& option : *tmpfs.mount_options) {
    if (option == "defaults") continue;
    if (option == "ro") {
      mount.read_only = true;
    } else {
      mount.options.push_back(option);
    }
  }
  return mount;
}

Result<void> plan_parameters(const LinuxParameters& parameters, ContainerSpec& spec) {
  plan_capabilities_of(parameters, spec);
  if (parameters.devices.has_value()) {
    for (const Device& each : *parameters.devices) spec.devices.push_back(plan_device(each));
  }
  spec.init = parameters.init_process_enabled.value_or(false);
  if (parameters.shared_memory_size_mib.has_value()) {
    spec.shm_bytes = to_bytes(*parameters.shared_memory_size_mib);
  }
  if (parameters.tmpfs.has_value()) {
    for (const Tmpfs& each : *parameters.tmpfs) spec.mounts.push_back(plan_tmpfs(each));
  }
  return {};
}

// "no-new-privileges", "apparmor:PROFILE", "label:…"; docker takes '=' as well.
Result<void> plan_security_option(const std::string& option, SecuritySpec& security) {
  const size_t place = option.find_first_of(":=");
  const std::string name = option.substr(0, place);
  const std::string value = place == std::string::npos ? "" : option.substr(place + 1);
  if (name == "no-new-privileges" && (value.empty() || value == "true" || value == "false")) {
    security.no_new_privileges = value != "false";
    return {};
  }
  if (name == "apparmor" && !value.empty()) {
    security.apparmor_profile = value;
    return {};
  }
  if (name == "seccomp" && value == "unconfined") {
    security.seccomp_unconfined = true;
    return {};
  }
  // There are no labels to be disabled.
  if (name == "label" && value == "disable") return {};
  return cannot_create("dockerSecurityOptions: {} is not supported", option);
}

Result<void> plan_swap(const ContainerDefinition& container, ResourceSpec& resources) {
  if (!container.linux_parameters.has_value()) return {};
  const LinuxParameters& parameters = *container.linux_parameters;
  // Without maxSwap, swappiness has no effect in ECS.
  if (!parameters.max_swap_mib.has_value()) return {};
  constexpr std::int32_t kKernelSwappiness = 60;
  if (parameters.swappiness.value_or(kKernelSwappiness) != kKernelSwappiness) {
    return cannot_create("swappiness {}: cgroup v2 has no such setting", *parameters.swappiness);
  }
  if (resources.memory_bytes == 0) {
    return cannot_create("maxSwap needs a hard limit of memory");
  }
  const std::uint64_t all = resources.memory_bytes + to_bytes(*parameters.max_swap_mib);
  resources.memory_swap_bytes = static_cast<std::int64_t>(all);
  return {};
}

// CPU units of the whole task: its containers may use this much together. Each may use all of it.
std::optional<std::int64_t> task_number(const std::optional<std::string>& text) {
  if (!text.has_value() || text->empty()) return std::nullopt;
  std::int64_t number = 0;
  for (const char c : *text) {
    if (c < '0' || c > '9' || number > 1'000'000'000) return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

Error refuse_limit(const char* name) {
  return cannot_create(
      "{}: this host has no cgroup v2 controller {}; with limits: ignore in agent.yaml containers "
      "run without the limit",
      name,
      name);
}

}  // namespace

std::uint64_t cpu_shares_of(std::int64_t cpu_units) {
  constexpr std::int64_t kMinShares = 2;
  constexpr std::int64_t kMaxShares = 262'144;
  return static_cast<std::uint64_t>(std::clamp(cpu_units, kMinShares, kMaxShares));
}

Result<void> plan_task_limits(const TaskPlanInputs& inputs,
                              const ContainerDefinition& container,
                              ContainerSpec& spec) {
  ResourceSpec& resources = spec.resources;
  const std::optional<std::int64_t> task_cpu = task_number(inputs.definition.cpu);
  const std::optional<std::int64_t> task_memory = task_number(inputs.definition.memory);
  resources.cpu_shares = cpu_shares_of(container.cpu_units);
  if (task_cpu.has_value()) {
    constexpr std::uint64_t kNanosPerUnit = 1'000'000'000 / 1024;
    resources.nano_cpus = static_cast<std::uint64_t>(*task_cpu) * kNanosPerUnit;
  }
  if (container.memory_mib.has_value()) {
    resources.memory_bytes = to_bytes(*container.memory_mib);
  } else if (task_memory.has_value()) {
    resources.memory_bytes = to_bytes(*task_memory);
  }
  if (container.memory_reservation_mib.has_value()) {
    resources.memory_reservation_bytes = to_bytes(*container.memory_reservation_mib);
  }
  IK_TRY(plan_swap(container, resources));
  const bool wants_cpu = container.cpu_units > 0 || resources.nano_cpus != 0;
  if (!inputs.host.cpu_limits) {
    if (wants_cpu && inputs.host.must_limit) {
      return refuse_limit("cpu");
    }
    resources.cpu_shares = 0;
    resources.nano_cpus = 0;
  }
  if (!inputs.host.memory_limits) {
    if (inputs.host.must_limit) {
      return refuse_limit("memory");
    }
    resources.memory_bytes = 0;
    resources.memory_reservation_bytes = 0;
    resources.memory_swap_bytes.reset();
  }
  return {};
}

Result<void> plan_task_linux(const TaskPlanInputs& inputs,
                             const ContainerDefinition& container,
                             ContainerSpec& spec) {
  static_cast<void>(inputs);
  spec.security.privileged = container.privileged.value_or(false);
  if (container.docker_security_options.has_value()) {
    for (const std::string& each : *container.docker_security_options) {
      IK_TRY(plan_security_option(each, spec.security));
    }
  }
  if (container.ulimits.has_value()) {
    for (const Ulimit& each : *container.ulimits) {
      spec.ulimits.push_back({.name = each.name, .soft = each.soft_limit, .hard = each.hard_limit});
    }
  }
  for (const SystemControl& each : container.system_controls) {
    if (each.name.has_value()) spec.sysctls[*each.name] = each.value.value_or("");
  }
  if (!container.linux_parameters.has_value()) return {};
  return plan_parameters(*container.linux_parameters, spec);
}

}  // namespace ikada
