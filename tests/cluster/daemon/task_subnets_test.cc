#include "cluster/daemon/task_subnets.h"

#include <doctest/doctest.h>

#include "cluster/state/record_key.h"

namespace ikada {
namespace {

const Scope kScope{.account = "1", .region = "r"};

ScopeState make_scope(const char* pool, std::vector<const char*> taken, const char* last) {
  ScopeState scope;
  scope.scope = kScope;
  scope.network = {.value = {.pool = pool, .last_subnet = last}, .revision = 7};
  for (const char* subnet : taken) {
    Node node;
    node.id = node.name = subnet;
    node.subnet = subnet;
    scope.nodes[node.id] = {.value = node, .revision = 1};
  }
  return scope;
}

std::string given(const ScopeState& scope) {
  Node node;
  Proposal proposal;
  const Result<void> done = give_subnet(scope, node, proposal);
  return done.has_value() ? node.subnet.value_or("none") : done.error().message;
}

TEST_CASE("hosts get one subnet after the other, and come round") {
  CHECK(given(make_scope("10.8.0.0/22", {"10.8.0.0/24"}, "10.8.0.0/24")) == "10.8.1.0/24");
  // Not at once what another has left.
  CHECK(given(make_scope("10.8.0.0/22", {"10.8.1.0/24"}, "10.8.2.0/24")) == "10.8.3.0/24");
  CHECK(given(make_scope("10.8.0.0/22", {"10.8.0.0/24", "10.8.3.0/24"}, "10.8.3.0/24")) ==
        "10.8.1.0/24");
  CHECK(given(make_scope("10.8.0.0/22",
                         {"10.8.0.0/24", "10.8.1.0/24", "10.8.2.0/24", "10.8.3.0/24"},
                         "10.8.3.0/24")) ==
        "the network of tasks 10.8.0.0/22 has no subnet left for a host");
  CHECK(given({}) == "none");
}

TEST_CASE("the network's record is changed with every subnet that is given") {
  Node node;
  Proposal proposal;

  REQUIRE(give_subnet(make_scope("10.8.0.0/22", {}, "10.8.0.0/24"), node, proposal).has_value());

  REQUIRE(proposal.changes.size() == 1);
  CHECK(proposal.changes[0].key == network_key(kScope));
  CHECK(proposal.changes[0].expected == 7);
  // And a node that has one keeps it.
  Proposal again;
  REQUIRE(give_subnet(make_scope("10.8.0.0/22", {}, "10.8.0.0/24"), node, again).has_value());
  CHECK(again.changes.empty());
}

TEST_CASE("the first host's is the first") {
  Node node;
  Proposal proposal;

  found_network(kScope, 0, {.pool = "10.120.0.0/16"}, node, proposal);

  CHECK(node.subnet == "10.120.0.0/24");
  REQUIRE(proposal.changes.size() == 1);
  CHECK(proposal.changes[0].expected == 0);
  Proposal none;
  found_network(kScope, 0, {}, node, none);
  CHECK(none.changes.empty());
}

TEST_CASE("a node without one is found") {
  ScopeState scope = make_scope("10.8.0.0/22", {"10.8.0.0/24"}, "10.8.0.0/24");
  CHECK_FALSE(plan_missing_subnet(scope).has_value());
  scope.nodes["late"] = {.value = {}, .revision = 3};

  const std::optional<Proposal> proposal = plan_missing_subnet(scope);

  REQUIRE(proposal.has_value());
  CHECK(proposal->changes.size() == 2);
  CHECK(proposal->changes[1].value->find("10.8.1.0/24") != std::string::npos);
}

TEST_CASE("networks that cannot be") {
  const std::vector<HostRoute> routes = {parse_host_route("10.0.0.0/8 dev eth0").value()};
  CHECK(plan_task_network("10.120.0.0/16", {})->pool == "10.120.0.0/16");
  CHECK(plan_task_network("10.120.0.0/16", routes).error().message ==
        "the network of tasks 10.120.0.0/16 has addresses of a route of this host, "
        "10.0.0.0/8 dev eth0");
  for (const char* pool : {"", "10.120.0.0", "10.120.0.0/23", "10.120.1.0/16", "0.0.0.0/0"}) {
    CAPTURE(pool);
    CHECK(plan_task_network(pool, {}).error().kind == ErrorKind::kInvalid);
  }
}

}  // namespace
}  // namespace ikada
