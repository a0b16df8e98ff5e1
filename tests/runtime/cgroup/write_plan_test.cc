#include "runtime/cgroup/write_plan.h"

#include <doctest/doctest.h>

#include "runtime/base/text.h"

namespace ikada {
namespace {

// The plan as lines of "file=value".
std::string plan_of(const char* text) {
  const auto resources = parse_resources(parse_json(text).value());
  if (!resources) return resources.error().message;
  const auto writes = plan_cgroup_writes(*resources);
  if (!writes) return writes.error().message;
  std::string lines;
  for (const CgroupWrite& write : *writes) lines += write.file + "=" + write.value + "\n";
  return lines;
}

TEST_CASE("no resources, no writes") {
  CHECK(plan_of("{}") == "");
  CHECK(plan_of(R"({"memory": {}, "cpu": {}, "devices": [{"allow": true}]})") == "");
  CHECK(plan_of(R"({"memory": {"limit": 0, "swap": 0}, "cpu": {"quota": 0, "shares": 0},
                    "pids": {"limit": 0}})") == "");
}

TEST_CASE("memory limits") {
  CHECK(plan_of(R"({"memory": {"limit": 67108864}})") == "memory.max=67108864\n");
  CHECK(plan_of(R"({"memory": {"limit": 100, "swap": 300, "reservation": 50}})") ==
        "memory.max=100\nmemory.swap.max=200\nmemory.low=50\n");
  CHECK(plan_of(R"({"memory": {"limit": 100, "swap": 100}})") ==
        "memory.max=100\nmemory.swap.max=0\n");
  CHECK(plan_of(R"({"memory": {"limit": 100, "swap": -1}})") ==
        "memory.max=100\nmemory.swap.max=max\n");
  CHECK(plan_of(R"({"memory": {"limit": -1}})") == "memory.max=max\nmemory.swap.max=max\n");
  CHECK(plan_of(R"({"memory": {"limit": 100, "swap": 99}})") ==
        "linux.resources: memory.swap: 99 is below memory.limit 100, it counts both");
  CHECK(plan_of(R"({"memory": {"swap": 99}})") ==
        "linux.resources: memory.swap: needs memory.limit, it counts both");
}

TEST_CASE("cpu limits") {
  CHECK(plan_of(R"({"cpu": {"quota": 50000, "period": 100000, "shares": 1024}})") ==
        "cpu.weight=100\ncpu.max=50000 100000\n");
  CHECK(plan_of(R"({"cpu": {"quota": 20000}})") == "cpu.max=20000 100000\n");
  CHECK(plan_of(R"({"cpu": {"quota": -1}})") == "cpu.max=max 100000\n");
  CHECK(plan_of(R"({"cpu": {"cpus": "0-1", "mems": "0", "burst": 10}})") ==
        "cpu.max.burst=10\ncpuset.cpus=0-1\ncpuset.mems=0\n");
  CHECK(plan_of(R"({"cpu": {"idle": 1, "shares": 512}})") == "cpu.idle=1\n");
}

TEST_CASE("cpu shares become weights with the same defaults") {
  CHECK(cpu_weight_from_shares(0) == 1);
  CHECK(cpu_weight_from_shares(2) == 1);
  CHECK(cpu_weight_from_shares(512) == 59);
  CHECK(cpu_weight_from_shares(1024) == 100);
  CHECK(cpu_weight_from_shares(2048) == 174);
  CHECK(cpu_weight_from_shares(262144) == 10000);
  CHECK(cpu_weight_from_shares(UINT64_MAX) == 10000);
  std::uint64_t last = 0;
  for (std::uint64_t shares = 2; shares <= 262144; shares += 7) {
    const std::uint64_t weight = cpu_weight_from_shares(shares);
    REQUIRE(weight >= last);
    last = weight;
  }
}

TEST_CASE("pids, io, huge pages and unified files") {
  CHECK(plan_of(R"({"pids": {"limit": 100}})") == "pids.max=100\n");
  CHECK(plan_of(R"({"pids": {"limit": -1}})") == "pids.max=max\n");
  CHECK(plan_of(R"({"blockIO": {"weight": 500,
      "weightDevice": [{"major": 8, "minor": 0, "weight": 10}],
      "throttleReadBpsDevice": [{"major": 8, "minor": 16, "rate": 1048576}],
      "throttleWriteIOPSDevice": [{"major": 8, "minor": 16, "rate": 0}]}})") ==
        "io.weight=default 4950\nio.weight=8:0 1\nio.max=8:16 rbps=1048576\nio.max=8:16 "
        "wiops=max\n");
  CHECK(plan_of(R"({"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]})") ==
        "hugetlb.2MB.max=4194304\n");
  CHECK(plan_of(R"({"unified": {"memory.high": "1000", "cpu.uclamp.min": "10"}})") ==
        "cpu.uclamp.min=10\nmemory.high=1000\n");
}

TEST_CASE("controls that cgroup v2 does not have are refused") {
  CHECK(plan_of(R"({"memory": {"swappiness": 10}})") ==
        "linux.resources: memory.swappiness: cgroup v2 has no such control");
  CHECK(plan_of(R"({"memory": {"disableOOMKiller": true}})") ==
        "linux.resources: memory.disableOOMKiller: cgroup v2 has no such control");
  CHECK(plan_of(R"({"memory": {"disableOOMKiller": false}})") == "");
  CHECK(plan_of(R"({"cpu": {"realtimeRuntime": 1}})") ==
        "linux.resources: cpu.realtimeRuntime: cgroup v2 has no such control");
}

TEST_CASE("unified names only files of controllers") {
  for (const char* name : {"cgroup.procs",
                           "cgroup.freeze",
                           "../memory.max",
                           "memory/max",
                           "memory",
                           ".max",
                           "memory.",
                           "memory.max\\n"}) {
    CAPTURE(name);
    const std::string text = std::string(R"({"unified": {")") + name + R"(": "1"}})";
    CHECK(plan_of(text.c_str()).find("not a controller's file") != std::string::npos);
  }
}

TEST_CASE("only limits need their controller") {
  const auto needed = [](const char* text) {
    const Resources resources = parse_resources(parse_json(text).value()).value();
    const auto names = needed_controllers(plan_cgroup_writes(resources).value());
    return join(names, " ");
  };
  CHECK(needed(R"({"memory": {"limit": 1, "swap": 2}, "pids": {"limit": 3}})") == "memory pids");
  CHECK(needed(R"({"memory": {"limit": -1}, "pids": {"limit": -1}, "cpu": {"quota": -1}})") == "");
  CHECK(needed(R"({"cpu": {"cpus": "0", "shares": 3}})") == "cpu cpuset");
}

TEST_CASE("device rules are read") {
  const Resources resources =
      parse_resources(parse_json(R"({"devices": [{"allow": false, "access": "rwm"},
        {"allow": true, "type": "c", "major": 10, "minor": -1, "access": "rw"},
        {"allow": true, "type": "b", "major": 8, "minor": 1}]})")
                          .value())
          .value();
  REQUIRE(resources.devices.size() == 3);
  CHECK(resources.devices[0].type == 'a');
  CHECK(!resources.devices[0].allow);
  CHECK(resources.devices[1].major == 10);
  CHECK(!resources.devices[1].minor);
  CHECK(resources.devices[1].read);
  CHECK(!resources.devices[1].mknod);
  CHECK(resources.devices[2].mknod);
  for (const char* bad : {R"({"allow": true, "type": "x"})",
                          R"({"allow": true, "access": "rx"})",
                          R"({"allow": true, "major": -2})",
                          R"({"type": "c"})"}) {
    CAPTURE(bad);
    const std::string text = std::string(R"({"devices": [)") + bad + "]}";
    CHECK(!parse_resources(parse_json(text).value()).has_value());
  }
}

}  // namespace
}  // namespace ikada
