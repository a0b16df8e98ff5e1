#include "cluster/loadbalancing/address_holders.h"

#include <doctest/doctest.h>

#include "tests/cluster/loadbalancing/balanced_state.h"

namespace ikada {
namespace {

std::vector<std::string> moves_of(const BalancedState& it, const std::vector<Carrier>& carriers) {
  std::vector<std::string> moves;
  for (const HolderChange& each : plan_holders(it.state, carriers)) {
    moves.push_back(each.balancer + " " + each.holder);
  }
  return moves;
}

using Moves = std::vector<std::string>;

BalancedState three_addresses(const std::string& holder) {
  BalancedState it;
  for (const char* name : {"x", "y", "z"}) it.put_balancer(name, "192.0.2.9", holder);
  return it;
}

TEST_CASE("addresses are spread over the hosts that carry the balancers") {
  CHECK(moves_of(three_addresses(""), {{.node = "a"}, {.node = "b"}}) ==
        Moves{"x a", "y b", "z a"});
}

TEST_CASE("an address stays while its holder lives") {
  CHECK(moves_of(three_addresses("b"), {{.node = "a"}, {.node = "b"}}).empty());
}

TEST_CASE("addresses of a host that is dead, drains or is gone are another's") {
  const BalancedState it = three_addresses("b");

  CHECK(moves_of(it, {{.node = "a"}, {.node = "b", .is_alive = false}}) ==
        Moves{"x a", "y a", "z a"});
  CHECK(moves_of(it, {{.node = "a"}, {.node = "b", .is_draining = true}, {.node = "c"}}) ==
        Moves{"x a", "y c", "z a"});
  CHECK(moves_of(it, {{.node = "c"}}) == Moves{"x c", "y c", "z c"});
}

TEST_CASE("where all drain one of those has it, where none lives nothing moves") {
  const BalancedState it = three_addresses("b");

  CHECK(
      moves_of(it, {{.node = "a", .is_alive = false}, {.node = "b", .is_draining = true}}).empty());
  CHECK(moves_of(it, {{.node = "b", .is_alive = false}}).empty());
  CHECK(moves_of(it, {}).empty());
}

TEST_CASE("a balancer without an address of its own has no holder") {
  const BalancedState it;

  CHECK(moves_of(it, {{.node = "a"}}).empty());
}

}  // namespace
}  // namespace ikada
