#include "cluster/scheduler/request.h"

#include <doctest/doctest.h>

namespace ikada::scheduler {

TEST_CASE("strategies are read as the API writes them") {
  CHECK(parse_strategy("random", "").value().kind == StrategyKind::kRandom);
  CHECK(parse_strategy("spread", "instanceId").value().kind == StrategyKind::kSpreadHosts);
  CHECK(parse_strategy("spread", "host").value().kind == StrategyKind::kSpreadHosts);
  CHECK(parse_strategy("spread", "attribute:ecs.availability-zone").value() ==
        Strategy{.kind = StrategyKind::kSpreadAttribute, .attribute = "ecs.availability-zone"});
  CHECK(parse_strategy("binpack", "cpu").value().kind == StrategyKind::kBinpackCpu);
  CHECK(parse_strategy("binpack", "MEMORY").value().kind == StrategyKind::kBinpackMemory);

  struct Row {
    const char* type;
    const char* field;
  };
  for (const Row& row : {Row{"random", "cpu"},
                         Row{"spread", ""},
                         Row{"spread", "attribute:"},
                         Row{"spread", "cpu"},
                         Row{"binpack", ""},
                         Row{"binpack", "gpu"},
                         Row{"best", "cpu"}}) {
    CAPTURE(row.type);
    CAPTURE(row.field);
    CHECK_FALSE(parse_strategy(row.type, row.field).has_value());
  }
}

TEST_CASE("constraints are read as the API writes them") {
  Request request;
  CHECK(add_constraint(request, "distinctInstance", "").has_value());
  CHECK(add_constraint(request, "memberOf", "attribute:a exists").has_value());
  CHECK(request.distinct_instance);
  CHECK(request.member_of.size() == 1);

  CHECK_FALSE(add_constraint(request, "distinctInstance", "attribute:a exists").has_value());
  CHECK_FALSE(add_constraint(request, "memberOf", "").has_value());
  CHECK_FALSE(add_constraint(request, "memberof", "attribute:a exists").has_value());
  CHECK(request.member_of.size() == 1);
}

TEST_CASE("a request that breaks a limit is refused") {
  Request request;
  CHECK(check_request(request).has_value());

  request.shape.ports = {{.protocol = Protocol::kTcp, .port = 80},
                         {.protocol = Protocol::kUdp, .port = 80}};
  CHECK(check_request(request).has_value());
  request.shape.ports.push_back({.protocol = Protocol::kTcp, .port = 80});
  CHECK_FALSE(check_request(request).has_value());

  request = Request();
  for (std::uint16_t port = 1; port <= 101; ++port) {
    request.shape.ports.push_back({.protocol = Protocol::kTcp, .port = port});
  }
  CHECK_FALSE(check_request(request).has_value());

  request = Request();
  request.shape.resources.memory_mib = Resources::kMaxAmount + 1;
  CHECK_FALSE(check_request(request).has_value());

  request = Request();
  request.strategies.resize(6);
  CHECK_FALSE(check_request(request).has_value());

  request = Request();
  for (int i = 0; i < 11; ++i) {
    CHECK(add_constraint(request, "memberOf", "attribute:a exists").has_value());
  }
  CHECK_FALSE(check_request(request).has_value());
}

TEST_CASE("services spread over zones and then over hosts") {
  const std::vector<Strategy> strategies = default_service_strategies();

  REQUIRE(strategies.size() == 2);
  CHECK(strategies[0].attribute == "ecs.availability-zone");
  CHECK(strategies[1].kind == StrategyKind::kSpreadHosts);
}

}  // namespace ikada::scheduler
