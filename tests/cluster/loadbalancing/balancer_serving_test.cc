#include "cluster/loadbalancing/balancer_serving.h"

#include <doctest/doctest.h>

#include "tests/cluster/loadbalancing/balanced_state.h"

namespace ikada {
namespace {

constexpr const char* kListener = "lb.00000000000000dd";

std::string condition(const BalancedState& it, const ServingSights& sights) {
  const BalancerCondition found =
      find_balancer_condition(it.home(), it.home().balancers.at("lb").value, sights);
  return found.reason.empty() ? found.code : found.code + " " + found.reason;
}

CarrierServing carrier(const std::string& host, std::int64_t revision) {
  return {.host = host, .told = Serving{.revision = revision}};
}

CarrierServing carrier(const std::string& host,
                       std::int64_t revision,
                       const std::string& listener,
                       const std::string& problem) {
  return {.host = host, .told = Serving{.revision = revision, .problems = {{listener, problem}}}};
}

TEST_CASE("a balancer is active when every host serves what is on record") {
  BalancedState it;
  const std::int64_t wanted = it.revision;

  CHECK(condition(it, {}) == "active");
  CHECK(condition(it, {.carriers = {carrier("a", wanted)}}) == "active");
  CHECK(condition(it, {.carriers = {carrier("a", wanted - 1)}}) == "provisioning");
  CHECK(condition(it, {.carriers = {carrier("a", wanted), carrier("b", wanted - 1)}}) ==
        "provisioning");
  CHECK(condition(it, {.carriers = {carrier("a", wanted), carrier("b", wanted + 9)}}) == "active");
}

TEST_CASE("a group that the listener uses is served, too, no other") {
  BalancedState it;
  const ServingSights sights{.carriers = {carrier("a", it.revision)}};
  it.put_group({.name = "other", .id = "00000000000000ee", .port = 80});
  CHECK(condition(it, sights) == "active");
  it.put_group(it.group("web"));
  CHECK(condition(it, sights) == "provisioning");
}

TEST_CASE("one without listeners is active at once") {
  BalancedState it;
  it.put_balancer("new", "", "");
  const ScopeState& home = it.home();
  const ServingSights sights{.carriers = {carrier("a", 1)}};
  CHECK(find_balancer_condition(home, home.balancers.at("new").value, sights).code == "active");
}

TEST_CASE("an address that no host has yet is waited for") {
  BalancedState it;
  const ServingSights sights{.carriers = {carrier("a", 1000)}};
  it.put_balancer("lb", "192.0.2.99", "");
  CHECK(condition(it, sights) == "provisioning");
  it.put_balancer("lb", "192.0.2.99", "n");
  CHECK(condition(it, sights) == "active");
}

TEST_CASE("who has not told yet counts as serving what there was when the term began") {
  const BalancedState it;
  const std::int64_t wanted = it.revision;
  CHECK(condition(it, {.carriers = {{.host = "a"}}, .known = wanted}) == "active");
  CHECK(condition(it, {.carriers = {{.host = "a"}}, .known = wanted - 1}) == "provisioning");
}

TEST_CASE("a host that cannot serve a listener is named with its reason") {
  const BalancedState it;
  const std::int64_t wanted = it.revision;

  CHECK(condition(it, {.carriers = {carrier("a", wanted, kListener, "taken")}}) ==
        "active_impaired a, port 8080: taken");
  CHECK(condition(it, {.carriers = {carrier("a", wanted, "lb.other", "taken")}}) == "active");
  // What it says is of an older state.
  CHECK(condition(it, {.carriers = {carrier("a", wanted - 1, kListener, "taken")}}) ==
        "provisioning");
  // Which one host is still on its way to is the smaller trouble.
  CHECK(condition(it,
                  {.carriers = {carrier("a", wanted - 1),
                                carrier("b", wanted, kListener, "taken"),
                                carrier("c", wanted)}}) == "active_impaired b, port 8080: taken");
}

TEST_CASE("what concerns a whole host impairs what it does not serve") {
  const BalancedState it;
  const std::int64_t wanted = it.revision;
  CHECK(condition(it, {.carriers = {carrier("a", 0, "", "no haproxy")}}) ==
        "active_impaired a: no haproxy");
  CHECK(condition(it, {.carriers = {carrier("a", wanted, "", "no haproxy")}}) == "active");
}

TEST_CASE("of many reasons some are told") {
  const BalancedState it;
  ServingSights sights;
  for (const char* host : {"a", "b", "c", "d", "e"}) {
    sights.carriers.push_back(carrier(host, 0, "", "x"));
  }
  CHECK(condition(it, sights) == "active_impaired a: x; b: x; c: x; and 2 more");
}

TEST_CASE("balancers, listeners and groups make the revision, tasks do not") {
  BalancedState it;
  const std::int64_t before = balancing_revision(it.state);
  CHECK(before == it.revision);
  it.put_task(running_target("a", it.group("web"), 32768));
  it.put_node("m", "192.0.2.8");
  CHECK(balancing_revision(it.state) == before);
  it.put_group(it.group("idle"));
  CHECK(balancing_revision(it.state) == it.revision);
  it.put_balancer("new", "", "");
  CHECK(balancing_revision(it.state) == it.revision);
  CHECK(balancing_revision({}) == 0);
}

}  // namespace
}  // namespace ikada
