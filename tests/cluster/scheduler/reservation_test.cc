#include "cluster/scheduler/reservation.h"

#include <doctest/doctest.h>

namespace ikada::scheduler {
namespace {

ContainerNeeds container(std::uint32_t cpu,
                         std::optional<std::uint32_t> memory,
                         std::optional<std::uint32_t> reservation,
                         std::vector<PortMapping> ports = {}) {
  return {.cpu = cpu,
          .memory_mib = memory,
          .memory_reservation_mib = reservation,
          .gpu = 0,
          .ports = std::move(ports)};
}

}  // namespace

TEST_CASE("containers reserve the soft limit if there is one, else the hard one") {
  TaskNeeds needs;
  needs.containers = {
      container(10, 512, 128), container(20, 256, std::nullopt), container(0, std::nullopt, 64)};

  const TaskShape shape = reserve(needs);

  CHECK(shape.resources.cpu == 30);
  CHECK(shape.resources.memory_mib == 128 + 256 + 64);
  CHECK(shape.resources.eni == 0);
}

TEST_CASE("task-level amounts are reserved instead of the sums") {
  TaskNeeds needs;
  needs.containers = {container(100, 512, 128)};
  needs.memory_mib = 2048;
  CHECK(reserve(needs).resources.cpu == 100);
  CHECK(reserve(needs).resources.memory_mib == 2048);

  needs.cpu = 256;
  CHECK(reserve(needs).resources.cpu == 256);
}

TEST_CASE("each network mode reserves its host ports") {
  TaskNeeds needs;
  needs.containers = {
      container(0,
                6,
                std::nullopt,
                {{.container_port = 80, .host_port = 8080, .protocol = Protocol::kTcp},
                 {.container_port = 81, .host_port = 0, .protocol = Protocol::kTcp},
                 {.container_port = 53, .host_port = 53, .protocol = Protocol::kUdp}})};

  CHECK(reserve(needs).ports == std::vector<HostPort>{{.protocol = Protocol::kTcp, .port = 8080},
                                                      {.protocol = Protocol::kUdp, .port = 53}});
  needs.network_mode = NetworkMode::kHost;
  CHECK(reserve(needs).ports == std::vector<HostPort>{{.protocol = Protocol::kTcp, .port = 80},
                                                      {.protocol = Protocol::kTcp, .port = 81},
                                                      {.protocol = Protocol::kUdp, .port = 53}});
  needs.network_mode = NetworkMode::kAwsvpc;
  CHECK(reserve(needs).ports.empty());
  CHECK(reserve(needs).resources.eni == 1);
  needs.network_mode = NetworkMode::kNone;
  CHECK(reserve(needs).ports.empty());
}

TEST_CASE("a sum that is too large does not wrap around") {
  TaskNeeds needs;
  needs.containers.assign(10, container(UINT32_MAX, UINT32_MAX, std::nullopt));

  const TaskShape shape = reserve(needs);

  CHECK_FALSE(check_request({.shape = shape,
                             .group = "",
                             .required_attributes = {},
                             .member_of = {},
                             .strategies = {}})
                  .has_value());
}

}  // namespace ikada::scheduler
