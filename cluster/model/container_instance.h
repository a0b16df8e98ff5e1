// A container instance: a host that a cluster may use.
//
// What tasks use of it and how many there are is computed from the tasks, not kept here.
//
// Source: Amazon ECS API Reference, ContainerInstance, RegisterContainerInstance.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/model/attribute.h"
#include "cluster/model/tag.h"

namespace ikada {

struct Resource {
  std::string name = {};  // CPU, MEMORY, PORTS, PORTS_UDP, GPU.
  std::string type = {};  // INTEGER, LONG, DOUBLE or STRINGSET.
  std::optional<double> double_value = {};
  std::optional<std::int64_t> long_value = {};
  std::optional<std::int32_t> integer_value = {};
  std::optional<std::vector<std::string>> string_set_value = {};
};
void describe(JsonFields& fields, Resource& resource);

// As ECS answers: the values of the other types are there too, as zero.
Json show_resource(const Resource& resource);

struct VersionInfo {
  std::optional<std::string> agent_version = {};
  std::optional<std::string> agent_hash = {};
  std::optional<std::string> docker_version = {};
};
void describe(JsonFields& fields, VersionInfo& version);

struct ContainerInstance {
  std::string cluster = {};
  std::string id = {};  // 32 hexadecimal digits.
  std::optional<std::string> ec2_instance_id = {};
  std::int64_t version = 1;  // Rises with every change.
  VersionInfo version_info = {};
  std::vector<Resource> registered_resources = {};
  std::string status = "ACTIVE";  // ACTIVE, DRAINING, INACTIVE, REGISTERING, DEREGISTERING, …
  std::optional<std::string> status_reason = {};
  bool agent_connected = true;
  bool is_virtual = false;  // Runs any task in name only.
  std::vector<Attribute> attributes = {};
  std::optional<Timestamp> registered_at = {};
  std::vector<Tag> tags = {};
};
void describe(JsonFields& fields, ContainerInstance& instance);

const Resource* find_resource(const ContainerInstance& instance, std::string_view name);

// Its availability zone; empty if it has none. Good as long as the instance is.
std::string_view zone_of(const ContainerInstance& instance);

// What a host has of each thing that is counted.
struct Amounts {
  std::int64_t cpu_units = 0;
  std::int64_t memory_mib = 0;
  std::int64_t gpus = 0;
  std::vector<std::string> tcp_ports = {};  // In use.
  std::vector<std::string> udp_ports = {};
};
Amounts registered_amounts(const ContainerInstance& instance);

}  // namespace ikada
