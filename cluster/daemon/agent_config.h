// What a host's agent is told: /etc/ikada/agent.yaml.
//
//   run_tasks: true           # false: the host is in no cluster as a container instance.
//   cluster: default          # Which cluster the host belongs to.
//   availability_zone: rack-7 # The attribute ecs.availability-zone.
//   attributes: {disk: ssd}   # The host's own.
//   reserved_memory_mib: 32   # Kept for the host.
//   pull: missing             # always: ask the registry for each task's images.
//   limits: enforce           # ignore: leave out limits whose cgroup controller is missing.
//   retention_s: 10800        # How long containers of stopped tasks stay.
//   log_store_mib: 4096       # What the log store may keep on this host.
#pragma once

#include <chrono>
#include <string>

#include "cluster/agent/agent.h"
#include "cluster/logstore/log_room.h"

namespace ikada {

struct AgentConfig {
  bool runs_tasks = true;
  InstanceWish instance = {};
  PullPolicy pull = PullPolicy::kMissing;
  bool must_limit = true;
  std::chrono::seconds retention = std::chrono::hours(3);
  std::uint64_t log_store_bytes = kDefaultLogStoreBytes;
};

// kInvalid for what is no map of known keys and values.
Result<AgentConfig> parse_agent_config(const std::string& text);

// Without such a file the host runs tasks if `is_default`.
Result<AgentConfig> load_agent_config(const std::string& path, bool is_default);

// Into options whose other members are set.
void apply_agent_config(const AgentConfig& config, AgentOptions& options);

}  // namespace ikada
