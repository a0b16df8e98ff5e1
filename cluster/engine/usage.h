// What a running container uses: the numbers of `stats`.
//
// Source: Linux Documentation/admin-guide/cgroup-v2.rst; proc_pid_net(5).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "cluster/engine/container_record.h"
#include "cluster/engine/live_status.h"
#include "runtime/base/result.h"

namespace ikada {

struct Usage {
  std::chrono::steady_clock::time_point taken;
  std::uint64_t cpu_us = 0;
  std::uint64_t memory_bytes = 0;  // Without file cache that the kernel would give back at once.
  std::uint64_t memory_limit_bytes = 0;  // The host's memory if the container has no limit.
  std::uint64_t network_received_bytes = 0;
  std::uint64_t network_sent_bytes = 0;
  std::uint64_t io_read_bytes = 0;
  std::uint64_t io_written_bytes = 0;
  std::uint64_t pids = 0;
};

// kNotFound if the container does not run.
Result<Usage> measure_usage(const EngineLayout& layout, const ContainerRecord& record);

// In percent of one CPU between two measurements.
double cpu_percent(const Usage& before, const Usage& after);

struct NetworkBytes {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
};

// The text of /proc/PID/net/dev, all interfaces but lo together.
NetworkBytes parse_net_dev(std::string_view text);

}  // namespace ikada
