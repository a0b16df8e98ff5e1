#include "cluster/daemon/network_flows.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

constexpr std::uint32_t kOwn = 0xc0000201;
constexpr std::uint32_t kOne = 0xc6336401;
constexpr std::uint32_t kTwo = 0xc6336402;

PlannedTarget target(std::uint32_t address) {
  return {.id = format_ipv4(address), .address = format_ipv4(address), .port = 53};
}

NetworkListener listener(bool is_udp, const std::vector<std::uint32_t>& addresses) {
  NetworkListener made{.port = 1053, .is_udp = is_udp};
  for (const std::uint32_t each : addresses) made.targets.push_back(target(each));
  made.kept = made.targets;
  return made;
}

FlowRules rules_of(const std::vector<NetworkListener>& listeners,
                   const std::vector<EndedTarget>& ended = {}) {
  return make_flow_rules(listeners, ended, {}, {.address = kOwn});
}

BalancedFlow flow(bool is_udp, std::uint32_t address) {
  return {.address = address,
          .port = 53,
          .listener_address = kOwn,
          .listener_port = 1053,
          .is_udp = is_udp};
}

TEST_CASE("datagrams go on to what their listener has, and nowhere else") {
  const FlowRules rules = rules_of({listener(true, {kOne})});

  CHECK_FALSE(has_to_end(flow(true, kOne), rules));
  CHECK(has_to_end(flow(true, kTwo), rules));
  CHECK(has_to_end(flow(true, kOne), {}));
  BalancedFlow other = flow(true, kOne);
  other.listener_port = 1054;
  CHECK(has_to_end(other, rules));
}

TEST_CASE("a listener at an address of its own has its datagrams before one at each address") {
  NetworkListener own = listener(true, {kTwo});
  own.address = format_ipv4(kOwn);

  const FlowRules rules = rules_of({listener(true, {kOne}), own});

  CHECK(has_to_end(flow(true, kOne), rules));
  CHECK_FALSE(has_to_end(flow(true, kTwo), rules));
}

TEST_CASE("datagrams to a target that is gone go on where the group keeps drained ones") {
  NetworkListener keeps = listener(true, {kOne});
  keeps.keeps_drained = true;
  CHECK_FALSE(has_to_end(flow(true, kTwo), rules_of({keeps})));

  CHECK(has_to_end(flow(true, kTwo), rules_of({keeps}, {{target(kTwo), true}})));
}

TEST_CASE("connections go on whatever happens to their listener, until their target ends") {
  CHECK_FALSE(has_to_end(flow(false, kOne), {}));
  CHECK_FALSE(has_to_end(flow(false, kTwo), rules_of({listener(false, {kOne})})));

  const EndedTarget ended{target(kOne), false};
  CHECK(has_to_end(flow(false, kOne), rules_of({}, {ended})));
  CHECK(has_to_end(flow(false, kOne), rules_of({listener(false, {kTwo})}, {ended})));
  CHECK_FALSE(has_to_end(flow(true, kTwo), rules_of({listener(true, {kTwo})}, {ended})));
}

TEST_CASE("a target that has failed for one group keeps the connections of another") {
  const FlowRules rules = rules_of({listener(false, {kOne})}, {{target(kOne), false}});

  CHECK_FALSE(has_to_end(flow(false, kOne), rules));
}

TEST_CASE("listeners of one port are told apart by their addresses") {
  NetworkListener first = listener(true, {kOne});
  first.address = "203.0.113.1";
  const FlowRules rules = rules_of({first, listener(true, {kTwo})});

  CHECK(has_to_end(flow(true, kOne), rules));
  CHECK_FALSE(has_to_end(flow(true, kTwo), rules));
  BalancedFlow to_first = flow(true, kOne);
  to_first.listener_address = 0xcb007101;
  CHECK_FALSE(has_to_end(to_first, rules));
}

TEST_CASE("a container that has another one's port does not get its datagrams") {
  NetworkSight before{.node = "own", .address = kOwn};
  before.published = {{.udp = true, .host_port = 53, .container_ip = kOne, .container_port = 53}};
  NetworkSight sight = before;
  sight.published[0].container_ip = kTwo;
  NetworkListener web = listener(true, {kOwn});
  web.kept[0].node = "own";

  const FlowRules old = make_flow_rules({web}, {}, {}, before);
  const FlowRules rules = make_flow_rules({web}, {}, before, sight);

  CHECK(may_end_flows(old, rules));
  CHECK(has_to_end(flow(true, kOne), rules));
  CHECK_FALSE(has_to_end(flow(true, kTwo), rules));
}

TEST_CASE("targets that are only added end nothing") {
  const FlowRules one = rules_of({listener(true, {kOne})});
  const FlowRules both = rules_of({listener(true, {kOne, kTwo})});

  CHECK_FALSE(may_end_flows(one, both));
  CHECK(may_end_flows(both, one));
  CHECK(may_end_flows(one, {}));
  const FlowRules failed = rules_of({listener(true, {kOne})}, {{target(kTwo), true}});
  CHECK(may_end_flows(one, failed));
  CHECK_FALSE(may_end_flows(failed, failed));
}

TEST_CASE("a UDP listener opens with its first target") {
  const FlowRules empty = rules_of({listener(true, {}), listener(false, {})});
  const FlowRules open = rules_of({listener(true, {kOne}), listener(false, {kOne})});

  REQUIRE(find_opened(empty, open).size() == 1);
  CHECK(find_opened(empty, open)[0].is_udp);
  CHECK(find_opened({}, open).size() == 1);
  CHECK(find_opened(open, open).empty());
  CHECK(find_opened(open, empty).empty());
}

TEST_CASE("what a listener has missed went to its port of its address") {
  const auto any = find_opened({}, rules_of({listener(true, {kOne})}));
  const std::set<std::uint32_t> own = {kOwn, 0x7f000001};
  BalancedFlow missed = flow(true, kOwn);
  CHECK(is_missed(missed, any, own));

  missed.listener_address = 0x7f000001;
  CHECK_FALSE(is_missed(missed, any, own));
  missed.listener_address = kTwo;
  CHECK_FALSE(is_missed(missed, any, own));
  NetworkListener with_address = listener(true, {kOne});
  with_address.address = format_ipv4(kTwo);
  CHECK(is_missed(missed, find_opened({}, rules_of({with_address})), own));
  missed.listener_port = 53;
  CHECK_FALSE(is_missed(missed, find_opened({}, rules_of({with_address})), own));
}

}  // namespace
}  // namespace ikada
