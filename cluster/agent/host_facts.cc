#include "cluster/agent/host_facts.h"

#include <unistd.h>

#include <algorithm>
#include <span>

#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// ssh, what other agents use, and the ports of ikada's own daemons.
constexpr const char* kReservedPorts[] = {"22",
                                          "2375",
                                          "2376",
                                          "51678",
                                          "51679",
                                          "7439",
                                          "7440",
                                          "7441",
                                          "7442",
                                          "7443",
                                          "7444",
                                          "7445",
                                          "7446"};
constexpr const char* kReservedUdpPorts[] = {"4789", "7441"};  // Of VXLAN and gossip.

constexpr const char* kCapabilities[] = {
    "com.amazonaws.ecs.capability.docker-remote-api.1.17",
    "com.amazonaws.ecs.capability.docker-remote-api.1.18",
    "com.amazonaws.ecs.capability.docker-remote-api.1.19",
    "com.amazonaws.ecs.capability.docker-remote-api.1.20",
    "com.amazonaws.ecs.capability.docker-remote-api.1.21",
    "com.amazonaws.ecs.capability.docker-remote-api.1.22",
    "com.amazonaws.ecs.capability.docker-remote-api.1.23",
    "com.amazonaws.ecs.capability.docker-remote-api.1.24",
    "com.amazonaws.ecs.capability.docker-remote-api.1.25",
    "com.amazonaws.ecs.capability.docker-remote-api.1.29",
    "com.amazonaws.ecs.capability.logging-driver.awslogs",
    "com.amazonaws.ecs.capability.logging-driver.json-file",
    "com.amazonaws.ecs.capability.privileged-container",
    "com.amazonaws.ecs.capability.task-iam-role",
    "com.amazonaws.ecs.capability.task-iam-role-network-host",
    "ecs.capability.container-health-check",
    "ecs.capability.container-ordering",
    "ecs.capability.container-restart-policy",
    "ecs.capability.docker-plugin.local",
    "ecs.capability.env-files.s3",
    "ecs.capability.execution-role-awslogs",
    "ecs.capability.pid-ipc-namespace-sharing",
    "ecs.capability.secrets.asm.environment-variables",
    "ecs.capability.secrets.ssm.environment-variables",
    "ecs.capability.task-cpu-mem-limit",
    "ecs.capability.task-eni",
};

#if defined(__x86_64__)
constexpr const char* kArchitecture = "x86_64";
#elif defined(__aarch64__)
constexpr const char* kArchitecture = "arm64";
#endif

Resource plan_number(const char* name, std::int64_t value) {
  return {.name = name, .type = "INTEGER", .integer_value = static_cast<std::int32_t>(value)};
}

Resource plan_set(const char* name, std::span<const char* const> values) {
  return {.name = name,
          .type = "STRINGSET",
          .string_set_value = std::vector<std::string>(values.begin(), values.end())};
}

}  // namespace

Result<std::int64_t> parse_total_memory(std::string_view meminfo) {
  constexpr std::string_view kName = "MemTotal:";
  for (const std::string_view line : split(meminfo, '\n')) {
    if (!line.starts_with(kName)) continue;
    const std::string_view words = trim(line.substr(kName.size()));
    IK_LET(kib, parse_unsigned(cut(words, ' ').before));
    return static_cast<std::int64_t>(kib / 1024);
  }
  return make_error(ErrorKind::kInvalid, "/proc/meminfo: no MemTotal");
}

Result<HostFacts> read_host_facts() {
  constexpr std::int64_t kUnitsPerCpu = 1024;
  HostFacts facts;
  facts.cpu_units = std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)) * kUnitsPerCpu;
  IK_LET(meminfo, read_file("/proc/meminfo", size_t{64} << 10));
  IK_LET(memory, parse_total_memory(meminfo));
  facts.memory_mib = memory;
  const Result<std::string> mount = find_cgroup2_mount();
  if (!mount.has_value()) return facts;
  const Result<std::string> text = read_file(*mount + "/cgroup.controllers", 4096);
  if (!text.has_value()) return facts;
  for (const std::string_view each : split(trim(*text), ' ')) {
    if (each == "cpu") facts.has_cpu_controller = true;
    if (each == "memory") facts.has_memory_controller = true;
  }
  return facts;
}

ContainerInstance plan_instance(const HostFacts& facts, const InstanceWish& wish) {
  ContainerInstance instance;
  instance.cluster = wish.cluster;
  instance.id = wish.id;
  instance.version_info.agent_version = IKADA_VERSION;
  instance.version_info.docker_version = "ikada " IKADA_VERSION;
  instance.registered_resources = {
      plan_number("CPU", facts.cpu_units),
      plan_number("MEMORY", std::max<std::int64_t>(0, facts.memory_mib - wish.reserved_memory_mib)),
      plan_set("PORTS", kReservedPorts),
      plan_set("PORTS_UDP", kReservedUdpPorts),
  };
  instance.attributes = {{.name = "ecs.os-type", .value = "linux"},
                         {.name = "ecs.os-family", .value = "LINUX"},
                         {.name = "ecs.cpu-architecture", .value = kArchitecture}};
  if (!wish.availability_zone.empty()) {
    instance.attributes.push_back(
        {.name = "ecs.availability-zone", .value = wish.availability_zone});
  }
  for (const char* each : kCapabilities) instance.attributes.push_back({.name = each});
  for (const Attribute& each : wish.attributes) put_attribute(instance.attributes, each);
  return instance;
}

}  // namespace ikada
