#include "cluster/api/task_launch.h"

#include <algorithm>
#include <set>
#include <utility>

#include "cluster/api/pass_role.h"

namespace ikada {
namespace {

constexpr size_t kMaxStartedBy = 128;
constexpr size_t kMaxGroup = 255;
constexpr std::ptrdiff_t kMaxOverrides = 8192;  // With what JSON needs.

Result<void> check_network(const LaunchInput& input, const TaskDefinition& definition) {
  const bool is_awsvpc = network_mode_of(definition) == "awsvpc";
  const bool is_given =
      input.network_configuration.has_value() && input.network_configuration->awsvpc.has_value();
  if (is_awsvpc && !is_given) {
    return invalid_parameter(
        "Network Configuration must be provided when networkMode 'awsvpc' is "
        "specified.");
  }
  if (!is_awsvpc && is_given) {
    return invalid_parameter(
        "Network Configuration is not valid for the given networkMode of this "
        "task definition.");
  }
  if (is_given && input.network_configuration->awsvpc->subnets.empty()) {
    return invalid_parameter("subnets can not be empty.");
  }
  return {};
}

Result<void> check_launch_type(const LaunchInput& input, const TaskDefinition& definition) {
  if (!input.launch_type.has_value()) return {};
  const std::string& type = *input.launch_type;
  if (type != "EC2" && type != "FARGATE" && type != "EXTERNAL") {
    return invalid_parameter("Invalid launch type '{}'.", type);
  }
  const auto& fits = definition.compatibilities;
  if (std::find(fits.begin(), fits.end(), type) == fits.end()) {
    return invalid_parameter("Task definition does not support launch_type {}.", type);
  }
  return {};
}

Result<void> check_texts(const LaunchInput& input) {
  if (input.started_by.value_or("").size() > kMaxStartedBy) {
    return invalid_parameter("startedBy must not be longer than {} characters.", kMaxStartedBy);
  }
  if (!input.is_of_service && input.started_by.value_or("").starts_with("ecs-svc/")) {
    return invalid_parameter("startedBy must not be that of a service's task.");
  }
  if (input.group.size() > kMaxGroup || input.group.starts_with("service:")) {
    return invalid_parameter("Invalid group '{}'.", input.group.substr(0, kMaxGroup));
  }
  const std::string& from = input.propagate_tags;
  if (from != "TASK_DEFINITION" && from != "NONE") {
    return invalid_parameter("Invalid propagateTags '{}'.", from);
  }
  return {};
}

// Of `overrides` as it was given, in characters.
Result<void> check_override_length(const Json& body) {
  const auto given = body.find("overrides");
  if (given == body.end()) return {};
  const std::string text = given->dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto characters = std::count_if(
      text.begin(), text.end(), [](unsigned char byte) { return (byte & 0xC0U) != 0x80U; });
  if (characters <= kMaxOverrides) return {};
  return invalid_parameter("Container Overrides length must be at most {}", kMaxOverrides);
}

std::vector<Tag> tags_of(const LaunchInput& input,
                         const TaskDefinition& definition,
                         const std::string& cluster) {
  std::vector<Tag> tags;
  if (input.propagate_tags == "TASK_DEFINITION") tags = definition.tags;
  merge_tags(tags, input.tags);
  if (input.enable_ecs_managed_tags) {
    merge_tags(tags, std::vector<Tag>{{"aws:ecs:clusterName", cluster}});
  }
  return tags;
}

TaskContainer make_container(const ContainerDefinition& definition) {
  TaskContainer container{.name = definition.name, .image = definition.image};
  container.cpu = std::to_string(definition.cpu_units);
  if (definition.memory_mib.has_value()) {
    container.memory = std::to_string(*definition.memory_mib);
  }
  if (definition.memory_reservation_mib.has_value()) {
    container.memory_reservation = std::to_string(*definition.memory_reservation_mib);
  }
  container.health_status = "UNKNOWN";
  return container;
}

// ECS answers an override for every container, empty or not.
TaskOverride whole_override(const TaskOverride& given, const TaskDefinition& definition) {
  TaskOverride whole = given;
  for (const ContainerDefinition& container : definition.container_definitions) {
    const bool is_there =
        std::any_of(given.container_overrides.begin(),
                    given.container_overrides.end(),
                    [&](const ContainerOverride& each) { return each.name == container.name; });
    if (is_there) continue;
    ContainerOverride empty;
    empty.name = container.name;
    whole.container_overrides.push_back(std::move(empty));
  }
  return whole;
}

Task make_pattern(const LaunchInput& input, const Launch& launch) {
  const TaskDefinition& definition = launch.definition;
  Task task;
  task.cluster = launch.cluster.name;
  task.family = definition.family;
  task.revision = definition.revision;
  task.group = input.group.empty() ? "family:" + definition.family : input.group;
  task.started_by = input.started_by;
  task.launch_type = input.launch_type.value_or("EC2");
  task.enable_execute_command = input.enable_execute_command;
  task.network_configuration = input.network_configuration;
  task.overrides = whole_override(input.overrides, definition);
  task.reservation = reservation_of(definition);
  task.cpu = std::to_string(task.reservation.cpu_units);
  task.memory = std::to_string(task.reservation.memory_mib);
  // Only a task with an address of its own has something to be provisioned.
  if (network_mode_of(definition) == "awsvpc") task.last_status = TaskStatus::kProvisioning;
  for (const ContainerDefinition& each : definition.container_definitions) {
    task.containers.push_back(make_container(each));
  }
  return task;
}

void find_new_log_groups(const ApiCall& call, const State& state, Launch& launch) {
  for (const ContainerDefinition& each : launch.definition.container_definitions) {
    if (!each.log_configuration.has_value() || each.log_configuration->log_driver != "awslogs" ||
        !each.log_configuration->options.has_value()) {
      continue;
    }
    const auto& options = *each.log_configuration->options;
    const auto group = options.find("awslogs-group");
    const auto region = options.find("awslogs-region");
    // The host refuses what is no name.
    if (group == options.end() || region == options.end() || !is_log_group_name(group->second) ||
        !is_region_name(region->second)) {
      continue;
    }
    const Scope scope{.account = call.scope.account, .region = region->second};
    const auto& known = state.scope(scope).log_groups;
    if (known.find(log_group_record_name(group->second)) != known.end()) continue;
    launch.new_log_groups.emplace(log_group_key(scope, group->second),
                                  LogGroup{.name = group->second, .created_at = call.now});
  }
}

std::string make_uuid(const ApiCall& call) {
  const std::string hex = call.random_hex(16);
  return fmt::format("{}-{}-{}-{}-{}",
                     hex.substr(0, 8),
                     hex.substr(8, 4),
                     hex.substr(12, 4),
                     hex.substr(16, 4),
                     hex.substr(20));
}

}  // namespace

void describe_launch(JsonFields& fields, LaunchInput& input) {
  fields.field("cluster", input.cluster);
  fields.required("taskDefinition", input.task_definition);
  fields.field("overrides", input.overrides);
  fields.field("group", input.group);
  fields.field("startedBy", input.started_by);
  fields.field("launchType", input.launch_type);
  fields.field("networkConfiguration", input.network_configuration);
  fields.field("enableExecuteCommand", input.enable_execute_command);
  fields.field("enableECSManagedTags", input.enable_ecs_managed_tags);
  fields.field("propagateTags", input.propagate_tags);
  fields.field("tags", input.tags);
}

Result<Launch> prepare_launch(const ApiCall& call, const State& state, const LaunchInput& input) {
  Launch launch;
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  launch.cluster = std::move(cluster);
  if (input.task_definition.empty()) {
    return invalid_parameter("Task definition can not be blank.");
  }
  IK_LET(kept, resolve_runnable(call, state, input.task_definition, input.is_of_service));
  IK_TRY(check_texts(input));
  IK_TRY(check_tags(input.tags));
  IK_TRY(check_launch_type(input, kept->value));
  IK_TRY(check_network(input, kept->value));
  if (!input.is_of_service) IK_TRY(check_override_length(call.body));
  IK_TRY(check_overrides(input.overrides, kept->value));
  launch.definition_revision = kept->revision;
  launch.definition = apply_overrides(kept->value, input.overrides);
  IK_TRY(check_pass_role(call, launch.definition));
  launch.pattern = make_pattern(input, launch);
  launch.pattern.tags = tags_of(input, kept->value, launch.cluster.name);
  find_new_log_groups(call, state, launch);
  return launch;
}

Task make_launched_task(const ApiCall& call,
                        const Launch& launch,
                        std::string id,
                        const ContainerInstance& instance) {
  Task task = launch.pattern;
  task.id = std::move(id);
  task.container_instance = instance.id;
  task.created_at = call.now;
  task.connectivity = "CONNECTED";
  task.connectivity_at = call.now;
  if (const Attribute* zone = find_attribute(instance.attributes, "ecs.availability-zone")) {
    task.availability_zone = zone->value;
  }
  if (const Attribute* cpu = find_attribute(instance.attributes, "ecs.cpu-architecture")) {
    task.attributes.push_back({.name = cpu->name, .value = cpu->value});
  }
  for (TaskContainer& container : task.containers) container.id = make_uuid(call);
  if (task.last_status == TaskStatus::kProvisioning) {
    task.attachments.push_back(
        {.id = make_uuid(call),
         .type = "ElasticNetworkInterface",
         .status = "PRECREATED",
         .details = {
             {.name = "subnetId", .value = task.network_configuration->awsvpc->subnets[0]}}});
  }
  return task;
}

void guard_launch(Proposal& proposal,
                  const ApiCall& call,
                  const Launch& launch,
                  const std::vector<std::string>& instances) {
  const ClusterState& cluster = *launch.cluster.state;
  proposal.guard(cluster_key(call.scope, launch.cluster.name), cluster.record.revision);
  proposal.guard(definition_key(call.scope, launch.definition.family, launch.definition.revision),
                 launch.definition_revision);
  for (const std::string& id : std::set<std::string>(instances.begin(), instances.end())) {
    proposal.guard(instance_key(call.scope, launch.cluster.name, id),
                   cluster.instances.find(id)->second.record.revision);
  }
  for (const auto& each : launch.new_log_groups) {
    // Of another task of this proposal.
    const bool is_made = std::ranges::any_of(
        proposal.changes, [&](const RecordChange& change) { return change.key == each.first; });
    if (!is_made) proposal.put(each.first, each.second, 0);
  }
}

}  // namespace ikada
