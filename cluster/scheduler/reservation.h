// How much of a host a task definition reserves.
//
// Source: Amazon ECS API Reference, TaskDefinition (cpu, memory) and ContainerDefinition (cpu,
// memory, memoryReservation, portMappings).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cluster/scheduler/request.h"

namespace ikada::scheduler {

enum class NetworkMode : std::uint8_t { kBridge, kHost, kAwsvpc, kNone };

struct PortMapping {
  std::uint16_t container_port = 0;
  std::uint16_t host_port = 0;  // 0: a dynamic one, in bridge mode.
  Protocol protocol = Protocol::kTcp;
};

struct ContainerNeeds {
  std::uint32_t cpu = 0;
  std::optional<std::uint32_t> memory_mib = {};              // The hard limit.
  std::optional<std::uint32_t> memory_reservation_mib = {};  // The soft one.
  std::uint32_t gpu = 0;
  std::vector<PortMapping> ports = {};
};

struct TaskNeeds {
  NetworkMode network_mode = NetworkMode::kBridge;
  std::optional<std::uint32_t> cpu = {};  // Of the task as a whole.
  std::optional<std::uint32_t> memory_mib = {};
  std::vector<ContainerNeeds> containers = {};
};

// With a task-level amount that is reserved, otherwise the sum over the containers of cpu and of
// memoryReservation or, without one, memory. Only fixed host ports are reserved: in bridge mode
// those that are named, in host mode all, in awsvpc mode none, but a network interface. Sums stop
// at Resources::kMaxAmount + 1, which check_request refuses.
TaskShape reserve(const TaskNeeds& needs);

}  // namespace ikada::scheduler
