#include "cluster/daemon/etcd_joining.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "cluster/daemon/etcd_setup.h"

namespace ikada {
namespace {

std::vector<std::string> arguments_of(bool is_new) {
  EtcdSetup setup;
  setup.name = "four";
  setup.address = "192.0.2.4";
  setup.initial_cluster =
      "one=https://192.0.2.1:7444,two=https://[2001:db8::2]:7444,four=https://192.0.2.4:7444";
  setup.is_new = is_new;
  return plan_etcd_arguments(setup, {}, "/nowhere");
}

const std::vector<EtcdMember> kMembers = {
    {.id = "1", .name = "one", .peer_url = "https://192.0.2.1:7444"},
    {.id = "4", .name = "", .peer_url = "https://192.0.2.4:7444", .is_learner = true}};

TEST_CASE("the others that a new member was told of are asked where they serve clients") {
  CHECK(other_members(arguments_of(false)) ==
        std::vector<std::string>{"https://192.0.2.1:7443", "https://[2001:db8::2]:7443"});
}

TEST_CASE("a new member begins with those that there are, itself among them by its name") {
  const std::vector<std::string> changed = with_members(arguments_of(false), kMembers);
  CHECK(std::ranges::count(changed,
                           "--initial-cluster=one=https://192.0.2.1:7444,"
                           "four=https://192.0.2.4:7444") == 1);
  CHECK(changed.size() == arguments_of(false).size());
  // One that was taken out begins with nothing else than it was told.
  CHECK(with_members(arguments_of(false), {kMembers[0]}) == arguments_of(false));
}

TEST_CASE("nobody is asked by the first member of all") {
  CHECK(with_present_members(arguments_of(true)) == arguments_of(true));
}

}  // namespace
}  // namespace ikada
