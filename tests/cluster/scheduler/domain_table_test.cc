#include "cluster/scheduler/domain_table.h"

#include <doctest/doctest.h>

namespace ikada::scheduler {
namespace {

Host with(const std::string& id, Attributes attributes) {
  return {.id = id,
          .reserved_ports = {},
          .attributes = std::move(attributes),
          .agent_version = "",
          .ec2_instance_id = ""};
}

Strategy over(const std::string& attribute) {
  return {.kind = StrategyKind::kSpreadAttribute, .attribute = attribute};
}

}  // namespace

TEST_CASE("each attribute divides the domains of those before it") {
  HostTable hosts;
  for (const Host& each : {with("1", {{"zone", "a"}, {"disk", "ssd"}}),
                           with("2", {{"zone", "b"}, {"disk", "ssd"}}),
                           with("3", {{"zone", "a"}, {"disk", "hdd"}}),
                           with("4", {{"zone", "a"}, {"disk", "ssd"}, {"more", ""}}),
                           with("5", {{"zone", "a"}})}) {
    REQUIRE(hosts.put(each).has_value());
  }
  DomainTable domains(
      {over("zone"), {.kind = StrategyKind::kBinpackCpu, .attribute = ""}, over("disk")});

  domains.update(hosts);

  CHECK(domains.depth() == 2);
  CHECK(domains.domains().size() == 1 + 2 + 4);
  const auto path = [&](HostSlot slot) { return domains.path(hosts.state(slot)); };
  CHECK(path(0) == path(3));
  CHECK(path(0)[0] != path(1)[0]);
  CHECK(path(0)[1] != path(1)[1]);
  CHECK(path(0)[0] == path(2)[0]);
  CHECK(path(0)[1] != path(2)[1]);
  CHECK(path(4)[1] != path(0)[1]);
  CHECK(domains.domains()[path(2)[1]].parent == path(0)[0]);
  CHECK(domains.domains()[path(2)[1]].place == 1);
  CHECK(domains.domains()[path(2)[1]].depth == 2);
}

TEST_CASE("domains follow the hosts") {
  HostTable hosts;
  REQUIRE(hosts.put(with("1", {{"zone", "a"}})).has_value());
  DomainTable domains({over("zone")});
  domains.update(hosts);
  CHECK(domains.domains().size() == 2);

  REQUIRE(hosts.put(with("2", {{"zone", "b"}})).has_value());
  domains.update(hosts);
  CHECK(domains.domains().size() == 3);
  REQUIRE(hosts.put(with("2", {{"zone", "a"}})).has_value());
  domains.update(hosts);
  CHECK(domains.domains().size() == 2);
}

}  // namespace ikada::scheduler
