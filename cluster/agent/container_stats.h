// What a container uses, in the form of Docker's stats: the endpoint's /stats and /task/stats.
//
// Source: Docker Engine API, "Get container stats based on resource usage"; Amazon ECS Developer
// Guide, "Task metadata endpoint version 4" for network_rate_stats.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/engine/container_record.h"
#include "runtime/base/clock.h"
#include "runtime/base/json.h"
#include "runtime/cgroup/cgroup.h"

namespace ikada {

struct ContainerSample {
  UnixNanos taken = 0;  // 0: none.
  CgroupStats cgroup = {};
  std::uint64_t memory_bytes = 0;        // Of the processes, where the controller is missing.
  std::uint64_t memory_limit_bytes = 0;  // The host's memory without a limit.
  std::uint64_t processes = 0;
  std::uint64_t system_cpu_ns = 0;  // All that the host's CPUs have done.
  std::string net_dev = {};         // /proc/PID/net/dev
};

// kNotFound if the container does not run.
Result<ContainerSample> sample_container(const EngineLayout& layout, const ContainerRecord& record);

// Pure. `before` is an earlier sample, or none.
Json container_stats(const ContainerRecord& record,
                     const ContainerSample& before,
                     const ContainerSample& now);

}  // namespace ikada
