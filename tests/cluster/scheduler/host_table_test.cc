#include "cluster/scheduler/host_table.h"

#include <string>

#include <doctest/doctest.h>

namespace ikada::scheduler {
namespace {

Host small(const std::string& id) {
  return {.id = id,
          .total = {.cpu = 100, .memory_mib = 100, .gpu = 1, .eni = 2},
          .reserved_ports = {{.protocol = Protocol::kTcp, .port = 22}},
          .attributes = {{"a", "1"}},
          .agent_version = "",
          .ec2_instance_id = ""};
}

constexpr HostPort kWeb = {.protocol = Protocol::kTcp, .port = 80};

}  // namespace

TEST_CASE("what tasks take is missing until they give it back") {
  HostTable hosts;
  const HostSlot slot = hosts.put(small("h")).value();
  const TaskShape shape = {.resources = {.cpu = 60, .memory_mib = 10, .gpu = 1, .eni = 1},
                           .ports = {kWeb}};

  hosts.reserve(slot, shape);
  CHECK_FALSE(hosts.state(slot).has_room_for(shape.resources));
  CHECK(hosts.state(slot).has_room_for({.cpu = 40, .memory_mib = 90, .gpu = 0, .eni = 1}));
  CHECK_FALSE(hosts.has_ports(slot, {kWeb}));
  hosts.release(slot, shape);

  CHECK(hosts.state(slot).has_room_for({.cpu = 100, .memory_mib = 100, .gpu = 1, .eni = 2}));
  CHECK(hosts.has_ports(slot, {kWeb}));
  CHECK_FALSE(hosts.has_ports(slot, {kWeb, {.protocol = Protocol::kTcp, .port = 22}}));
}

TEST_CASE("a host that is described anew keeps what its tasks take") {
  HostTable hosts;
  const HostSlot slot = hosts.put(small("h")).value();
  hosts.reserve(slot, {.resources = {.cpu = 60, .memory_mib = 60}, .ports = {kWeb}});
  Host changed = small("h");
  changed.total.cpu = 50;
  changed.reserved_ports = {{.protocol = Protocol::kUdp, .port = 53}};

  CHECK(hosts.put(changed).value() == slot);

  CHECK(hosts.state(slot).free_cpu == -10);
  CHECK(hosts.state(slot).free_memory_mib == 40);
  CHECK_FALSE(hosts.has_ports(slot, {kWeb}));
  CHECK_FALSE(hosts.has_ports(slot, {{.protocol = Protocol::kUdp, .port = 53}}));
  CHECK(hosts.has_ports(slot, {{.protocol = Protocol::kTcp, .port = 22}}));
}

TEST_CASE("a slot is used again after its host has gone") {
  HostTable hosts;
  const HostSlot first = hosts.put(small("one")).value();
  const HostSlot second = hosts.put(small("two")).value();
  hosts.remove(first);
  CHECK(hosts.find("one") == kNoHost);
  CHECK_FALSE(hosts.state(first).is_present);

  CHECK(hosts.put(small("three")).value() == first);

  CHECK(hosts.find("three") == first);
  CHECK(hosts.find("two") == second);
  CHECK(hosts.state(first).free_cpu == 100);
  CHECK(hosts.size() == 2);
}

TEST_CASE("changes are remembered for a while") {
  HostTable hosts;
  const HostSlot slot = hosts.put(small("h")).value();
  const std::uint64_t start = hosts.change_count();
  const std::uint64_t shape = hosts.shape_of_cluster();
  hosts.reserve(slot, {});
  hosts.reserve(slot, {});
  REQUIRE(hosts.remembers(start));
  CHECK(hosts.changes_since(start).size() == 2);
  CHECK(hosts.changes_since(hosts.change_count()).empty());

  for (int i = 0; i < 10'000; ++i) hosts.reserve(slot, {});
  CHECK_FALSE(hosts.remembers(start));
  CHECK(hosts.change_count() == start + 10'002);
  CHECK(hosts.shape_of_cluster() == shape);
}

TEST_CASE("attribute sets that nobody has any more are given up") {
  HostTable hosts;
  Host host = small("h");
  const HostSlot slot = hosts.put(host).value();
  for (int i = 0; i < 5000; ++i) {
    host.attributes["a"] = std::to_string(i);
    REQUIRE(hosts.put(host).value() == slot);
    REQUIRE(hosts.attributes(slot).at("a") == std::to_string(i));
  }
  CHECK(hosts.attribute_sets().limit() < 2000);
  CHECK(hosts.set_generation() > 0);
}

}  // namespace ikada::scheduler
