#include "cluster/scheduler/placement_class.h"

#include <doctest/doctest.h>

#include "cluster/scheduler/placement_scan.h"

namespace ikada::scheduler {
namespace {

constexpr std::uint32_t kHosts = 200;

struct Cluster {
  ClusterState state;
  std::uint64_t next_task = 0;

  Cluster() {
    for (std::uint32_t i = 0; i < kHosts; ++i) {
      REQUIRE(state.hosts
                  .put({.id = std::to_string(i),
                        .total = {.cpu = 1024 + i % 7, .memory_mib = 4096},
                        .reserved_ports = {},
                        .attributes = {{"zone", std::to_string(i % 3)}},
                        .agent_version = "",
                        .ec2_instance_id = ""})
                  .has_value());
    }
  }

  void occupy(HostSlot slot, GroupId group, ShapeId shape) {
    state.tasks.insert(
        {.id = {.high = 0, .low = next_task++}, .host = slot, .shape = shape, .group = group});
    state.groups.add(group, slot);
    state.hosts.reserve(slot, state.shapes.at(shape));
  }
};

}  // namespace

TEST_CASE("index and scan choose the same hosts from the same numbers") {
  const Request request = {
      .shape = {.resources = {.cpu = 100, .memory_mib = 10}, .ports = {}},
      .group = "g",
      .required_attributes = {},
      .member_of = {},
      .strategies = {{.kind = StrategyKind::kSpreadAttribute, .attribute = "zone"},
                     {.kind = StrategyKind::kBinpackCpu, .attribute = ""}}};
  Cluster cluster;
  const GroupId group = cluster.state.groups.acquire(request.group);
  const ShapeId shape = cluster.state.shapes.acquire(request.shape);
  PlacementClass kind(request, group, shape);
  Eligibility eligibility(request);
  const Ranking ranking(request.strategies);
  DomainTable domains(ranking.strategies());
  Prng by_class(4);
  Prng by_scan(4);

  std::uint32_t placed = 0;
  while (true) {
    const std::optional<HostSlot> chosen = kind.choose(cluster.state, by_class, 100);
    domains.update(cluster.state.hosts);
    REQUIRE(chosen == scan(cluster.state, group, eligibility, domains, ranking, by_scan));
    if (!chosen.has_value()) break;
    cluster.occupy(*chosen, group, shape);
    ++placed;
    if (placed % 500 == 0) {
      // A host that changes its zone, behind the index's back.
      REQUIRE(cluster.state.hosts
                  .put({.id = std::to_string(placed / 500),
                        .total = {.cpu = 2048, .memory_mib = 4096},
                        .reserved_ports = {},
                        .attributes = {{"zone", "new"}},
                        .agent_version = "",
                        .ec2_instance_id = ""})
                  .has_value());
    }
  }
  CHECK(placed > kHosts * 10);
}

TEST_CASE("the order of domains does not depend on which way was used before") {
  // After 7 000 changes by others the index is too far behind; then it is used again.
  const Request request = {.shape = {.resources = {.cpu = 1, .memory_mib = 1}, .ports = {}},
                           .group = "g",
                           .required_attributes = {},
                           .member_of = {},
                           .strategies = {{.kind = StrategyKind::kSpreadHosts, .attribute = ""}}};
  Cluster one;
  Cluster two;
  const GroupId group = one.state.groups.acquire("g");
  REQUIRE(two.state.groups.acquire("g") == group);
  const ShapeId shape = one.state.shapes.acquire(request.shape);
  REQUIRE(two.state.shapes.acquire(request.shape) == shape);
  PlacementClass warm(request, group, shape);
  Prng numbers(1);
  Prng more_numbers(1);
  for (int turn = 0; turn < 300; ++turn) {
    if (turn % 100 == 50) {
      for (HostSlot i = 0; i < 7000; ++i) {
        one.occupy(i % kHosts, group, shape);
        two.occupy(i % kHosts, group, shape);
      }
    }
    PlacementClass cold(request, group, shape);
    const auto chosen = warm.choose(one.state, numbers, turn % 2 == 0 ? 100 : 0);
    REQUIRE(chosen.has_value());
    REQUIRE(chosen == cold.choose(two.state, more_numbers, 0));
    one.occupy(*chosen, group, shape);
    two.occupy(*chosen, group, shape);
  }
}

}  // namespace ikada::scheduler
