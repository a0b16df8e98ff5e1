// What this host has and can, as a container instance says it.
//
// CPU units are 1024 for each CPU; of the memory some is kept for the host. Capabilities are those
// that task definitions ask for (requiresAttributes) and this agent fulfils.
//
// Source: Amazon ECS Developer Guide, "Container instance attributes", "Reserving container
// instance memory"; proc(5), /proc/meminfo.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/agent/task_plan.h"
#include "cluster/model/container_instance.h"

namespace ikada {

struct HostFacts {
  std::int64_t cpu_units = 0;
  std::int64_t memory_mib = 0;  // All of it.
  bool has_cpu_controller = false;
  bool has_memory_controller = false;
};

Result<HostFacts> read_host_facts();

// MiB of MemTotal. kInvalid if the text has none.
Result<std::int64_t> parse_total_memory(std::string_view meminfo);

struct InstanceWish {
  std::string cluster = "default";
  std::string id = {};  // Empty: a new one.
  std::string availability_zone = {};
  std::int64_t reserved_memory_mib = 32;
  std::vector<Attribute> attributes = {};  // The person's own.
};

ContainerInstance plan_instance(const HostFacts& facts, const InstanceWish& wish);

}  // namespace ikada
