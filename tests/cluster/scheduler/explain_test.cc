#include "cluster/scheduler/explain.h"

#include <doctest/doctest.h>

#include "cluster/scheduler/cluster_view.h"

namespace ikada::scheduler {
namespace {

Host host(const std::string& id) {
  return {.id = id,
          .total = {.cpu = 1024, .memory_mib = 1000, .gpu = 0, .eni = 1},
          .reserved_ports = {{.protocol = Protocol::kTcp, .port = 22}},
          .attributes = {{"zone", "a"}},
          .agent_version = "",
          .ec2_instance_id = ""};
}

Request small_request() {
  return {.shape = {.resources = {.cpu = 100, .memory_mib = 100}, .ports = {}},
          .group = "service:web",
          .required_attributes = {},
          .member_of = {},
          .strategies = {}};
}

// "REASON: detail" of the only host's first objection.
std::string answer(const Host& on, const Request& request) {
  ClusterView view;
  REQUIRE(view.put_host(on).has_value());
  const auto found = failures(view.state(), request, 10);
  if (found.empty()) return "";
  CHECK(found.size() == 1);
  CHECK(found[0].host == on.id);
  return found[0].reason + ": " + found[0].detail;
}

}  // namespace

TEST_CASE("each obstacle is named with what is missing") {
  CHECK(answer(host("h"), small_request()).empty());

  Request request = small_request();
  request.shape.resources = {.cpu = 2000, .memory_mib = 5000, .gpu = 1, .eni = 2};
  CHECK(answer(host("h"), request) == "RESOURCE:CPU: 2000 CPU units asked, 1024 of 1024 free");
  request.shape.resources.cpu = 0;
  CHECK(answer(host("h"), request) ==
        "RESOURCE:MEMORY: 5000 MiB of memory asked, 1000 of 1000 free");
  request.shape.resources.memory_mib = 0;
  request.shape.ports = {{.protocol = Protocol::kUdp, .port = 22},
                         {.protocol = Protocol::kTcp, .port = 22}};
  CHECK(answer(host("h"), request) == "RESOURCE:PORTS: in use: 22/tcp");
  request.shape.ports.clear();
  CHECK(answer(host("h"), request) == "RESOURCE:ENI: 2 network interfaces asked, 1 of 1 free");
  request.shape.resources.eni = 0;
  CHECK(answer(host("h"), request) == "RESOURCE:GPU: 1 GPUs asked, 0 of 0 free");

  request = small_request();
  request.required_attributes = {{.name = "zone", .value = std::nullopt},
                                 {.name = "zone", .value = "b"},
                                 {.name = "com.amazonaws.ecs.capability.x", .value = std::nullopt}};
  CHECK(answer(host("h"), request) == "ATTRIBUTE: missing: zone=b com.amazonaws.ecs.capability.x");
  request = small_request();
  REQUIRE(add_constraint(request, "memberOf", "attribute:zone exists").has_value());
  REQUIRE(add_constraint(request, "memberOf", "runningTasksCount > 3").has_value());
  CHECK(answer(host("h"), request) ==
        "MemberOf placement constraint unsatisfied.: not a member of: runningTasksCount > 3");
}

TEST_CASE("a host that takes no tasks at all says so first") {
  Request request = small_request();
  request.shape.resources.cpu = 9999;
  Host each = host("h");
  each.disk_pressure = true;
  CHECK(answer(each, request) == "RESOURCE:DISK: the disk is nearly full");
  each.agent_connected = false;
  CHECK(answer(each, request) == "AGENT: the agent is not connected");
  each.status = HostStatus::kDraining;
  CHECK(answer(each, request) == "INACTIVE: the container instance is draining");
  each.status = HostStatus::kInactive;
  CHECK(answer(each, request) == "INACTIVE: the container instance is not active");
}

TEST_CASE("an explanation has every objection, and the best host first") {
  ClusterView view;
  for (const char* id : {"full", "busy", "free"}) REQUIRE(view.put_host(host(id)).has_value());
  const TaskShape all = {.resources = {.cpu = 1000, .memory_mib = 1000}, .ports = {}};
  const TaskShape some = {.resources = {.cpu = 100, .memory_mib = 100}, .ports = {}};
  REQUIRE(view.add_task({.high = 0, .low = 1}, "full", all, "service:web").has_value());
  REQUIRE(view.add_task({.high = 0, .low = 2}, "busy", some, "service:web").has_value());
  Request request = small_request();
  request.distinct_instance = true;
  request.strategies = {{.kind = StrategyKind::kSpreadAttribute, .attribute = "zone"},
                        {.kind = StrategyKind::kSpreadHosts, .attribute = ""}};

  const std::vector<HostVerdict> distinct = explain(view.state(), request);
  REQUIRE(distinct.size() == 3);
  CHECK(distinct[0].host == "free");
  CHECK(distinct[0].objections.empty());
  CHECK(distinct[0].scores == std::vector<std::uint32_t>{2, 0});
  CHECK(distinct[1].host == "full");
  REQUIRE(distinct[1].objections.size() == 3);
  CHECK(distinct[1].objections[0].obstacle == Obstacle::kCpu);
  CHECK(distinct[1].objections[0].detail == "100 CPU units asked, 24 of 1024 free");
  CHECK(distinct[1].objections[1].obstacle == Obstacle::kMemory);
  CHECK(distinct[1].objections[2].detail == "a task of service:web is here");
  CHECK(distinct[1].scores.empty());

  request.distinct_instance = false;
  const std::vector<HostVerdict> shared = explain(view.state(), request);
  CHECK(shared[0].host == "free");
  CHECK(shared[1].host == "busy");
  CHECK(shared[1].scores == std::vector<std::uint32_t>{2, 1});
  CHECK(failures(view.state(), request, 0).empty());
}

}  // namespace ikada::scheduler
