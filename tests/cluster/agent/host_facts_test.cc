#include "cluster/agent/host_facts.h"

#include <algorithm>

#include <doctest/doctest.h>

namespace ikada {
TEST_CASE("the host's memory is read in whole MiB") {
  CHECK(parse_total_memory("MemTotal:        2046976 kB\nMemFree: 1 kB\n").value() == 1999);
  CHECK_FALSE(parse_total_memory("MemFree: 1 kB\n").has_value());
  CHECK_FALSE(parse_total_memory("MemTotal: lots kB\n").has_value());
}

TEST_CASE("a container instance has what the host has, less what is kept for the host") {
  const HostFacts facts{.cpu_units = 4096, .memory_mib = 8000};

  const ContainerInstance instance = plan_instance(
      facts, {.availability_zone = "a", .attributes = {{.name = "rack", .value = "7"}}});

  CHECK(find_resource(instance, "CPU")->integer_value == 4096);
  CHECK(find_resource(instance, "MEMORY")->integer_value == 7968);
  const auto ports = *find_resource(instance, "PORTS")->string_set_value;
  for (const char* each : {"22", "7445", "7446"}) {
    CHECK(std::find(ports.begin(), ports.end(), each) != ports.end());
  }
  CHECK(find_resource(instance, "PORTS_UDP")->string_set_value ==
        std::vector<std::string>{"4789", "7441"});
  CHECK(find_attribute(instance.attributes, "ecs.os-type")->value == "linux");
  CHECK(find_attribute(instance.attributes, "ecs.availability-zone")->value == "a");
  CHECK(find_attribute(instance.attributes, "rack")->value == "7");
  CHECK(find_attribute(instance.attributes, "ecs.capability.container-ordering") != nullptr);
  CHECK(find_attribute(instance.attributes, "ecs.capability.task-eni") != nullptr);
}

TEST_CASE("a host with less memory than is kept for it offers none") {
  const ContainerInstance instance = plan_instance({.memory_mib = 16}, {});

  CHECK(find_resource(instance, "MEMORY")->integer_value == 0);
}

}  // namespace ikada
