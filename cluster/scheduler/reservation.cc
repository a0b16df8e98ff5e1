#include "cluster/scheduler/reservation.h"

#include <algorithm>

namespace ikada::scheduler {
namespace {

void add(std::uint32_t& sum, std::uint32_t amount) {
  constexpr std::uint64_t kTooMuch = Resources::kMaxAmount + 1U;
  sum = static_cast<std::uint32_t>(std::min(kTooMuch, std::uint64_t{sum} + amount));
}

}  // namespace

TaskShape reserve(const TaskNeeds& needs) {
  TaskShape shape;
  Resources& sum = shape.resources;
  for (const ContainerNeeds& container : needs.containers) {
    add(sum.cpu, container.cpu);
    add(sum.memory_mib,
        container.memory_reservation_mib.value_or(container.memory_mib.value_or(0)));
    add(sum.gpu, container.gpu);
    for (const PortMapping& mapping : container.ports) {
      std::uint16_t port = 0;
      if (needs.network_mode == NetworkMode::kBridge) port = mapping.host_port;
      if (needs.network_mode == NetworkMode::kHost) port = mapping.container_port;
      if (port != 0) shape.ports.push_back({.protocol = mapping.protocol, .port = port});
    }
  }
  if (needs.cpu.has_value()) sum.cpu = *needs.cpu;
  if (needs.memory_mib.has_value()) sum.memory_mib = *needs.memory_mib;
  if (needs.network_mode == NetworkMode::kAwsvpc) sum.eni = 1;
  return shape;
}

}  // namespace ikada::scheduler
