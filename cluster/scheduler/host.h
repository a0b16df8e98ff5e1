// What the scheduler is told about a host (a container instance, in ECS's words).
//
// Plain values: whoever keeps the cluster's state fills them in.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "cluster/scheduler/query.h"
#include "runtime/base/clock.h"

namespace ikada::scheduler {

// Amounts that tasks take from a host. All are at most kMaxAmount.
struct Resources {
  static constexpr std::uint32_t kMaxAmount = 1U << 30;

  std::uint32_t cpu = 0;  // Units; 1024 are one core.
  std::uint32_t memory_mib = 0;
  std::uint32_t gpu = 0;
  std::uint32_t eni = 0;  // Network interfaces: one for each task in awsvpc mode.

  bool operator==(const Resources&) const = default;
};

enum class Protocol : std::uint8_t { kTcp, kUdp };

struct HostPort {
  Protocol protocol = Protocol::kTcp;
  std::uint16_t port = 0;

  auto operator<=>(const HostPort&) const = default;
};

enum class HostStatus : std::uint8_t { kActive, kDraining, kInactive };

struct Host {
  std::string id;  // In whatever form the caller uses, e.g. the container instance's ARN.
  // For tasks: what the host keeps for itself is not in it. Network interfaces cost nothing here,
  // so without another word there are enough.
  Resources total = {.eni = Resources::kMaxAmount};
  std::vector<HostPort> reserved_ports = {};  // Not for tasks, e.g. 22.
  Attributes attributes = {};
  HostStatus status = HostStatus::kActive;
  bool agent_connected = true;
  bool disk_pressure = false;  // Takes no new tasks; what runs goes on.
  std::string agent_version = {};
  std::string ec2_instance_id = {};  // Empty if it has none.
  UnixNanos registered_at = 0;
};

}  // namespace ikada::scheduler
