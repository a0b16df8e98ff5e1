#include "cluster/agent/task_metadata.h"

#include <algorithm>

#include "cluster/agent/task_network.h"
#include "cluster/agent/task_plan.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

constexpr std::int64_t kNanosPerMilli = 1'000'000;
constexpr double kUnitsPerCpu = 1024;

std::string rfc3339(const Timestamp& time) {
  return format_rfc3339(time.milliseconds * kNanosPerMilli);
}

void put_time(Json& json, const char* name, const std::optional<Timestamp>& time) {
  if (time.has_value()) json[name] = rfc3339(*time);
}

const TaskContainer* find_reported(const Task& task, const std::string& name) {
  const auto found = std::find_if(task.containers.begin(),
                                  task.containers.end(),
                                  [&](const TaskContainer& each) { return each.name == name; });
  return found == task.containers.end() ? nullptr : &*found;
}

// The network holder's address is that of all of them.
const ContainerAddress& address_of(const TaskMetadataInputs& inputs, const ContainerFacts& own) {
  for (const ContainerFacts& each : inputs.containers) {
    if (each.name == kNetworkHolder) return each.network.address;
  }
  return own.network.address;
}

Json networks_of(const TaskMetadataInputs& inputs, const ContainerFacts& own) {
  Json network = {{"NetworkMode", network_mode_of(inputs.definition)}};
  const ContainerAddress& address = address_of(inputs, own);
  if (!address.address.empty()) {
    network["IPv4Addresses"] = {address.address};
    network["MACAddress"] = address.mac;
    network["SubnetGatewayIpv4Address"] =
        fmt::format("{}/{}", address.gateway, address.prefix_length);
  }
  return Json::array({network});
}

Json ports_of(const TaskMetadataInputs& inputs, const ContainerFacts& own) {
  Json ports = Json::array();
  for (const PublishedPort& each : own.network.ports) {
    ports.push_back({{"ContainerPort", each.container_port},
                     {"Protocol", each.protocol},
                     {"HostPort", each.host_port},
                     {"HostIp", each.host_ip.empty() ? "0.0.0.0" : each.host_ip}});
  }
  const ContainerDefinition* definition = find_container(inputs.definition, own.name);
  if (!ports.empty() || definition == nullptr) return ports;
  for (const PortMapping& each : definition->port_mappings) {
    if (!each.container_port.has_value()) continue;
    ports.push_back(
        {{"ContainerPort", *each.container_port}, {"Protocol", each.protocol.value_or("tcp")}});
  }
  return ports;
}

void put_log(const ContainerDefinition& definition, Json& json) {
  if (!definition.log_configuration.has_value()) return;
  json["LogDriver"] = definition.log_configuration->log_driver;
  if (!definition.log_configuration->options.has_value()) return;
  json["LogOptions"] = *definition.log_configuration->options;
}

void put_life(const ContainerFacts& facts, const TaskContainer& reported, Json& json) {
  json["KnownStatus"] = facts.status.state == LiveState::kExited ? "STOPPED" : reported.last_status;
  json["CreatedAt"] = format_rfc3339(facts.record.created);
  if (facts.status.started_at != 0) json["StartedAt"] = format_rfc3339(facts.status.started_at);
  if (facts.status.state == LiveState::kExited) {
    json["FinishedAt"] = format_rfc3339(facts.status.finished_at);
    json["ExitCode"] = facts.status.exit_code;
  }
  if (reported.health_status.has_value()) json["Health"] = {{"status", *reported.health_status}};
}

Json metadata_of(const TaskMetadataInputs& inputs, const ContainerFacts& facts) {
  const ContainerDefinition* definition = find_container(inputs.definition, facts.name);
  const TaskContainer* reported = find_reported(inputs.task, facts.name);
  if (definition == nullptr || reported == nullptr) return Json();
  Json json = {{"DockerId", facts.record.id},
               {"Name", facts.name},
               {"DockerName", facts.record.name},
               {"Image", definition->image},
               {"ImageID", facts.record.image_id},
               {"Labels", facts.record.spec.labels},
               {"DesiredStatus", inputs.task.desired_status},
               {"Type", "NORMAL"},
               {"ContainerARN",
                fmt::format("arn:aws:ecs:{}:{}:container/{}/{}/{}",
                            inputs.scope.region,
                            inputs.scope.account,
                            inputs.task.cluster,
                            inputs.task.id,
                            reported->id)},
               {"Networks", networks_of(inputs, facts)}};
  Json limits = {{"CPU", cpu_shares_of(definition->cpu_units)}};
  if (definition->memory_mib.has_value()) limits["Memory"] = *definition->memory_mib;
  json["Limits"] = std::move(limits);
  const Json ports = ports_of(inputs, facts);
  if (!ports.empty()) json["Ports"] = ports;
  const auto restarts = inputs.restarts.find(facts.name);
  if (restarts != inputs.restarts.end()) json["RestartCount"] = restarts->second;
  put_log(*definition, json);
  put_life(facts, *reported, json);
  return json;
}

}  // namespace

Json container_metadata(const TaskMetadataInputs& inputs, const std::string& container) {
  for (const ContainerFacts& each : inputs.containers) {
    if (each.name == container) return metadata_of(inputs, each);
  }
  return {};
}

Json task_metadata(const TaskMetadataInputs& inputs, bool with_tags) {
  const Task& task = inputs.task;
  Json json = {{"Cluster", task.cluster},
               {"TaskARN", task_arn(inputs.scope, task.cluster, task.id)},
               {"Family", task.family},
               {"Revision", std::to_string(task.revision)},
               {"DesiredStatus", task.desired_status},
               {"KnownStatus", to_text(task.last_status)},
               {"LaunchType", task.launch_type},
               {"Containers", Json::array()}};
  if (task.group.starts_with("service:")) json["ServiceName"] = task.group.substr(8);
  if (task.availability_zone.has_value()) json["AvailabilityZone"] = *task.availability_zone;
  Json limits = Json::object();
  if (inputs.definition.cpu.has_value()) {
    limits["CPU"] =
        static_cast<double>(parse_unsigned(*inputs.definition.cpu).value_or(0U)) / kUnitsPerCpu;
  }
  if (inputs.definition.memory.has_value()) {
    limits["Memory"] = parse_unsigned(*inputs.definition.memory).value_or(0U);
  }
  if (!limits.empty()) json["Limits"] = std::move(limits);
  put_time(json, "PullStartedAt", task.pull_started_at);
  put_time(json, "PullStoppedAt", task.pull_stopped_at);
  put_time(json, "ExecutionStoppedAt", task.execution_stopped_at);
  for (const ContainerFacts& each : inputs.containers) {
    Json container = metadata_of(inputs, each);
    if (!container.is_null() && each.name != kNetworkHolder) {
      json["Containers"].push_back(std::move(container));
    }
  }
  if (!with_tags) return json;
  json["TaskTags"] = Json::object();
  for (const Tag& each : task.tags) json["TaskTags"][each.key] = each.value;
  return json;
}

}  // namespace ikada
