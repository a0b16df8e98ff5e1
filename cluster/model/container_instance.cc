#include "cluster/model/container_instance.h"

#include <algorithm>
#include <iterator>

namespace ikada {

void describe(JsonFields& fields, Resource& resource) {
  fields.field("name", resource.name);
  fields.field("type", resource.type);
  fields.field("doubleValue", resource.double_value);
  fields.field("longValue", resource.long_value);
  fields.field("integerValue", resource.integer_value);
  fields.field("stringSetValue", resource.string_set_value);
}

Json show_resource(const Resource& resource) {
  Json json = to_json(resource);
  json.emplace("doubleValue", 0.0);
  json.emplace("longValue", 0);
  json.emplace("integerValue", 0);
  return json;
}

void describe(JsonFields& fields, VersionInfo& version) {
  fields.field("agentVersion", version.agent_version);
  fields.field("agentHash", version.agent_hash);
  fields.field("dockerVersion", version.docker_version);
}

void describe(JsonFields& fields, ContainerInstance& instance) {
  fields.field("cluster", instance.cluster);
  fields.field("id", instance.id);
  fields.field("ec2InstanceId", instance.ec2_instance_id);
  fields.field("version", instance.version);
  fields.field("versionInfo", instance.version_info);
  fields.field("registeredResources", instance.registered_resources);
  fields.field("status", instance.status);
  fields.field("statusReason", instance.status_reason);
  fields.field("agentConnected", instance.agent_connected);
  fields.field("isVirtual", instance.is_virtual);
  fields.field("attributes", instance.attributes);
  fields.field("registeredAt", instance.registered_at);
  fields.field("tags", instance.tags);
}

const Resource* find_resource(const ContainerInstance& instance, std::string_view name) {
  const auto& resources = instance.registered_resources;
  const auto found = std::find_if(
      resources.begin(), resources.end(), [&](const Resource& each) { return each.name == name; });
  return found == resources.end() ? nullptr : &*found;
}

std::string_view zone_of(const ContainerInstance& instance) {
  const Attribute* zone = find_attribute(instance.attributes, "ecs.availability-zone");
  return zone == nullptr || !zone->value.has_value() ? std::string_view() : *zone->value;
}

Amounts registered_amounts(const ContainerInstance& instance) {
  Amounts amounts;
  if (const Resource* cpu = find_resource(instance, "CPU")) {
    amounts.cpu_units = cpu->integer_value.value_or(0);
  }
  if (const Resource* memory = find_resource(instance, "MEMORY")) {
    amounts.memory_mib = memory->integer_value.value_or(0);
  }
  if (const Resource* gpus = find_resource(instance, "GPU")) {
    amounts.gpus = std::ssize(gpus->string_set_value.value_or(std::vector<std::string>{}));
  }
  if (const Resource* ports = find_resource(instance, "PORTS")) {
    amounts.tcp_ports = ports->string_set_value.value_or(std::vector<std::string>{});
  }
  if (const Resource* ports = find_resource(instance, "PORTS_UDP")) {
    amounts.udp_ports = ports->string_set_value.value_or(std::vector<std::string>{});
  }
  return amounts;
}

}  // namespace ikada
