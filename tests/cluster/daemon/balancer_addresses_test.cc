#include "cluster/daemon/balancer_addresses.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

const std::vector<HeldAddress> kFound = {{.interface = "eth0", .address = 1},
                                         {.interface = "eth0", .address = 2, .is_ours = true},
                                         {.interface = "eth1", .address = 3, .is_ours = true}};

using Addresses = std::vector<std::uint32_t>;

TEST_CASE("what is wanted and there stays, what is missing is taken, what is left over goes") {
  const AddressChanges changes = plan_address_changes(kFound, {2, 4}, "eth0");

  CHECK(changes.renew == Addresses{2});
  CHECK(changes.take == Addresses{4});
  REQUIRE(changes.release.size() == 1);
  CHECK(changes.release[0].address == 3);
}

TEST_CASE("an address on the wrong interface moves to the right one") {
  const AddressChanges changes = plan_address_changes(kFound, {2, 3}, "eth0");

  REQUIRE(changes.release.size() == 1);
  CHECK(changes.release[0].interface == "eth1");
  CHECK(changes.take == Addresses{3});
}

TEST_CASE("an address that somebody else has put there is left alone") {
  CHECK(plan_address_changes(kFound, {}, "eth0").release.size() == 2);
}

TEST_CASE("the interface is the one with the host's own address") {
  CHECK(interface_with(kFound, 1) == "eth0");
  CHECK(interface_with(kFound, 3).empty());
}

}  // namespace
}  // namespace ikada
