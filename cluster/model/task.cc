#include "cluster/model/task.h"

#include <utility>

#include "cluster/model/task_size.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

void describe_status(JsonFields& fields, TaskStatus& status) {
  std::string text(to_text(status));
  fields.field("lastStatus", text);
  status = parse_task_status(text).value_or(status);
}

void describe_times(JsonFields& fields, Task& task) {
  fields.field("connectivityAt", task.connectivity_at);
  fields.field("createdAt", task.created_at);
  fields.field("pullStartedAt", task.pull_started_at);
  fields.field("pullStoppedAt", task.pull_stopped_at);
  fields.field("startedAt", task.started_at);
  fields.field("stoppingAt", task.stopping_at);
  fields.field("executionStoppedAt", task.execution_stopped_at);
  fields.field("stoppedAt", task.stopped_at);
}

Json show_container(const TaskContainer& container, const Task& task, const Scope& scope) {
  Json json = to_json(container);
  for (const char* own : {"id", "pinnedDigest"}) json.erase(own);
  json["containerArn"] = container_arn(scope, task.cluster, task.id, container.id);
  json["taskArn"] = task_arn(scope, task.cluster, task.id);
  return json;
}

std::int64_t gpus_of(const ContainerDefinition& container) {
  constexpr std::uint64_t kMaxGpus = 1U << 20;
  std::int64_t gpus = 0;
  if (!container.resource_requirements.has_value()) return gpus;
  for (const ResourceRequirement& each : *container.resource_requirements) {
    if (each.type != "GPU") continue;
    // No host has as many as this when it is no number.
    gpus += static_cast<std::int64_t>(parse_unsigned(each.value, kMaxGpus).value_or(kMaxGpus));
  }
  return gpus;
}

}  // namespace

void describe(JsonFields& fields, NetworkBinding& binding) {
  fields.field("bindIP", binding.bind_ip);
  fields.field("containerPort", binding.container_port);
  fields.field("hostPort", binding.host_port);
  fields.field("protocol", binding.protocol);
  fields.field("containerPortRange", binding.container_port_range);
  fields.field("hostPortRange", binding.host_port_range);
}

void describe(JsonFields& fields, NetworkInterface& interface) {
  fields.field("attachmentId", interface.attachment_id);
  fields.field("privateIpv4Address", interface.private_ipv4_address);
  fields.field("ipv6Address", interface.ipv6_address);
}

void describe(JsonFields& fields, TaskContainer& container) {
  fields.field("id", container.id);
  fields.field("name", container.name);
  fields.field("image", container.image);
  fields.field("imageDigest", container.image_digest);
  fields.field("pinnedDigest", container.pinned_digest);
  fields.field("runtimeId", container.runtime_id);
  fields.field("lastStatus", container.last_status);
  fields.field("exitCode", container.exit_code);
  fields.field("reason", container.reason);
  fields.field("networkBindings", container.network_bindings);
  fields.field("networkInterfaces", container.network_interfaces);
  fields.field("healthStatus", container.health_status);
  fields.field("cpu", container.cpu);
  fields.field("memory", container.memory);
  fields.field("memoryReservation", container.memory_reservation);
}

void describe(JsonFields& fields, Attachment& attachment) {
  fields.field("id", attachment.id);
  fields.field("type", attachment.type);
  fields.field("status", attachment.status);
  fields.field("details", attachment.details);
}

void describe(JsonFields& fields, AwsVpcConfiguration& configuration) {
  fields.required("subnets", configuration.subnets);
  fields.field("securityGroups", configuration.security_groups);
  fields.field("assignPublicIp", configuration.assign_public_ip);
}

void describe(JsonFields& fields, NetworkConfiguration& configuration) {
  fields.field("awsvpcConfiguration", configuration.awsvpc);
}

void describe(JsonFields& fields, Reservation& reservation) {
  fields.field("cpu", reservation.cpu_units);
  fields.field("memory", reservation.memory_mib);
  fields.field("gpus", reservation.gpus);
  fields.field("tcpPorts", reservation.tcp_ports);
  fields.field("udpPorts", reservation.udp_ports);
}

void describe(JsonFields& fields, Task& task) {
  fields.field("cluster", task.cluster);
  fields.field("id", task.id);
  fields.field("family", task.family);
  fields.field("revision", task.revision);
  fields.field("containerInstance", task.container_instance);
  describe_status(fields, task.last_status);
  fields.field("desiredStatus", task.desired_status);
  fields.field("containers", task.containers);
  fields.field("attachments", task.attachments);
  fields.field("attributes", task.attributes);
  fields.field("availabilityZone", task.availability_zone);
  fields.field("connectivity", task.connectivity);
  fields.field("cpu", task.cpu);
  fields.field("memory", task.memory);
  fields.field("enableExecuteCommand", task.enable_execute_command);
  fields.field("group", task.group);
  fields.field("healthStatus", task.health_status);
  fields.field("launchType", task.launch_type);
  fields.field("overrides", task.overrides);
  fields.field("networkConfiguration", task.network_configuration);
  fields.field("reservation", task.reservation);
  fields.field("protectedUntil", task.protected_until);
  fields.field("targets", task.targets);
  fields.field("startedBy", task.started_by);
  fields.field("stopCode", task.stop_code);
  fields.field("stoppedReason", task.stopped_reason);
  describe_times(fields, task);
  fields.field("tags", task.tags);
  fields.field("version", task.version);
}

Task stopped_unheard(const Task& task, std::string reason, Timestamp now) {
  Task stopped = task;
  stopped.last_status = TaskStatus::kStopped;
  stopped.desired_status = "STOPPED";
  stopped.stopped_reason = std::move(reason);
  if (!stopped.stopping_at.has_value()) stopped.stopping_at = now;
  stopped.stopped_at = now;
  for (TaskContainer& container : stopped.containers) container.last_status = "STOPPED";
  ++stopped.version;
  return stopped;
}

Json show_task(const Task& task, const Scope& scope, bool with_tags) {
  Json json = to_json(task);
  for (const char* own : {"cluster",
                          "id",
                          "family",
                          "revision",
                          "containerInstance",
                          "networkConfiguration",
                          "reservation",
                          "protectedUntil",
                          "targets"}) {
    json.erase(own);
  }
  json["taskArn"] = task_arn(scope, task.cluster, task.id);
  json["clusterArn"] = cluster_arn(scope, task.cluster);
  json["taskDefinitionArn"] = task_definition_arn(scope, task.family, task.revision);
  if (task.container_instance.has_value()) {
    json["containerInstanceArn"] =
        container_instance_arn(scope, task.cluster, *task.container_instance);
  }
  Json& containers = json["containers"] = Json::array();
  for (const TaskContainer& each : task.containers) {
    containers.push_back(show_container(each, task, scope));
  }
  if (!with_tags) json["tags"] = Json::array();
  return json;
}

Reservation reservation_of(const TaskDefinition& overridden) {
  Reservation result;
  for (const ContainerDefinition& container : overridden.container_definitions) {
    result.cpu_units += container.cpu_units;
    result.memory_mib +=
        container.memory_reservation_mib.value_or(container.memory_mib.value_or(0));
    result.gpus += gpus_of(container);
    if (network_mode_of(overridden) == "awsvpc") continue;
    for (const PortMapping& port : container.port_mappings) {
      if (port.host_port.value_or(0) == 0) continue;
      auto& ports = port.protocol.value_or("tcp") == "udp" ? result.udp_ports : result.tcp_ports;
      ports.push_back(*port.host_port);
    }
  }
  if (overridden.cpu.has_value()) {
    result.cpu_units = parse_task_cpu(*overridden.cpu).value_or(result.cpu_units);
  }
  if (overridden.memory.has_value()) {
    result.memory_mib = parse_task_memory(*overridden.memory).value_or(result.memory_mib);
  }
  return result;
}

}  // namespace ikada
