#include "cluster/model/task_definition_check.h"

#include <algorithm>
#include <set>
#include <span>
#include <string_view>

#include "cluster/model/ecs_error.h"
#include "cluster/model/names.h"
#include "cluster/model/task_size.h"

namespace ikada {
namespace {

constexpr size_t kMaxContainers = 10;
constexpr size_t kMaxConstraints = 10;

bool is_one_of(std::string_view word, std::span<const std::string_view> known) {
  return std::find(known.begin(), known.end(), word) != known.end();
}

Result<void> check_word(const std::optional<std::string>& word,
                        std::string_view what,
                        std::initializer_list<std::string_view> known) {
  if (!word.has_value() || is_one_of(*word, {known.begin(), known.size()})) return {};
  return client_exception("Invalid {} '{}'.", what, *word);
}

Result<void> check_family(const std::string& family) {
  if (family.empty()) return client_exception("Family should not be null or empty.");
  if (!is_resource_name(family)) return client_exception("Family contains invalid characters.");
  return {};
}

Result<void> check_words(const TaskDefinition& definition) {
  IK_TRY(check_word(definition.network_mode, "network mode", {"bridge", "host", "awsvpc", "none"}));
  IK_TRY(check_word(definition.pid_mode, "pid mode", {"host", "task"}));
  IK_TRY(check_word(definition.ipc_mode, "ipc mode", {"host", "task", "none"}));
  for (const std::string& each :
       definition.requires_compatibilities.value_or(std::vector<std::string>{})) {
    IK_TRY(check_word(each, "compatibility", {"EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"}));
  }
  const RuntimePlatform platform = definition.runtime_platform.value_or(RuntimePlatform{});
  IK_TRY(check_word(platform.cpu_architecture, "cpu architecture", {"X86_64", "ARM64"}));
  return check_word(platform.operating_system_family, "operating system family", {"LINUX"});
}

Result<void> check_volume(const Volume& volume) {
  if (volume.name.empty()) return client_exception("Volume name should not be null or empty.");
  if (!is_resource_name(volume.name)) {
    return client_exception("Volume name '{}' contains invalid characters.", volume.name);
  }
  const int kinds =
      static_cast<int>(volume.host.has_value()) + static_cast<int>(volume.docker.has_value()) +
      static_cast<int>(volume.efs.has_value()) + static_cast<int>(volume.s3_files.has_value()) +
      static_cast<int>(volume.fsx.has_value());
  if (kinds > 1) {
    return client_exception(
        "When the volume parameter is specified, only one volume configuration "
        "type should be used: '{}'.",
        volume.name);
  }
  if (volume.host.has_value() && volume.host->source_path.value_or("/").front() != '/') {
    return client_exception("The host path of the volume '{}' must be absolute.", volume.name);
  }
  if (volume.docker.has_value()) {
    IK_TRY(check_word(volume.docker->scope, "volume scope", {"task", "shared"}));
    if (volume.docker->autoprovision.has_value() &&
        volume.docker->scope.value_or("task") == "task") {
      return client_exception("Volume '{}': autoprovision is for the scope shared.", volume.name);
    }
    // One of the scope task has a name of its own on the host.
    if (volume.docker->scope == "shared" && !is_host_volume_name(volume.name)) {
      return client_exception(
          "Volume '{}': a shared volume's name has 2 to 200 characters, a letter or digit first.",
          volume.name);
    }
  }
  return {};
}

Result<void> check_volumes(const TaskDefinition& definition) {
  std::set<std::string_view> names;
  for (const Volume& volume : definition.volumes) {
    IK_TRY(check_volume(volume));
    if (!names.insert(volume.name).second) {
      return client_exception("Duplicate volume name '{}'.", volume.name);
    }
  }
  return {};
}

Result<void> check_constraints(const TaskDefinition& definition) {
  if (definition.placement_constraints.size() > kMaxConstraints) {
    return client_exception("At most {} placement constraints are allowed.", kMaxConstraints);
  }
  for (const PlacementConstraint& constraint : definition.placement_constraints) {
    if (constraint.type != "memberOf") {
      return client_exception("Invalid placement constraint type '{}'.", constraint.type);
    }
    if (constraint.expression.value_or("").empty()) {
      return client_exception("A memberOf constraint needs an expression.");
    }
  }
  return {};
}

// What the containers reserve together must fit into the task.
Result<void> check_sizes(const TaskDefinition& definition) {
  std::int64_t reserved_cpu = 0;
  std::int64_t reserved_memory = 0;
  for (const ContainerDefinition& container : definition.container_definitions) {
    reserved_cpu += container.cpu_units;
    reserved_memory += container.memory_reservation_mib.value_or(container.memory_mib.value_or(0));
  }
  if (definition.cpu.has_value()) {
    IK_LET(cpu, parse_task_cpu(*definition.cpu));
    if (reserved_cpu > cpu) {
      return client_exception(
          "The sum of the 'cpu' settings of the containers is greater than for "
          "the task.");
    }
  }
  if (!definition.memory.has_value()) return {};
  IK_LET(memory, parse_task_memory(*definition.memory));
  for (const ContainerDefinition& container : definition.container_definitions) {
    if (container.memory_mib.value_or(0) > memory) {
      return client_exception("The 'memory' setting for container is greater than for the task.");
    }
  }
  if (reserved_memory > memory) {
    return client_exception(
        "The sum of the memory reservations of the containers is greater than "
        "for the task.");
  }
  return {};
}

Result<void> check_fargate(const TaskDefinition& definition) {
  const auto wanted = definition.requires_compatibilities.value_or(std::vector<std::string>{});
  if (std::find(wanted.begin(), wanted.end(), "FARGATE") == wanted.end()) return {};
  if (network_mode_of(definition) != "awsvpc") {
    return client_exception("Fargate only supports network mode 'awsvpc'.");
  }
  if (!definition.cpu.has_value() || !definition.memory.has_value()) {
    return client_exception(
        "Fargate requires that 'cpu' and 'memory' be defined at the task level.");
  }
  IK_LET(cpu, parse_task_cpu(*definition.cpu));
  IK_LET(memory, parse_task_memory(*definition.memory));
  if (!is_fargate_size(cpu, memory)) {
    return client_exception("No Fargate configuration exists for given values.");
  }
  return {};
}

Result<void> check_containers(const TaskDefinition& definition) {
  const auto& containers = definition.container_definitions;
  if (containers.empty()) return client_exception("Container list cannot be empty.");
  if (containers.size() > kMaxContainers) {
    return client_exception("A task definition can have at most {} containers.", kMaxContainers);
  }
  std::set<std::string_view> names;
  for (const ContainerDefinition& container : containers) {
    IK_TRY(check_container(container, definition));
    IK_TRY(check_container_ports(container, definition));
    IK_TRY(check_linux_parameters(container));
    if (!names.insert(container.name).second) {
      return client_exception("Duplicate container name '{}'.", container.name);
    }
  }
  const bool has_essential =
      std::any_of(containers.begin(), containers.end(), [](const ContainerDefinition& each) {
        return each.essential;
      });
  if (has_essential) return {};
  return client_exception("Task definition must have at least one essential container.");
}

}  // namespace

Result<void> check_task_definition(const TaskDefinition& definition) {
  IK_TRY(check_family(definition.family));
  IK_TRY(check_words(definition));
  IK_TRY(check_tags(definition.tags));
  IK_TRY(check_volumes(definition));
  IK_TRY(check_constraints(definition));
  IK_TRY(check_containers(definition));
  IK_TRY(check_container_references(definition));
  IK_TRY(check_sizes(definition));
  return check_fargate(definition);
}

}  // namespace ikada
