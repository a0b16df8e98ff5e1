#include "cluster/api/service_step.h"

#include <chrono>
#include <functional>
#include <string>

#include <doctest/doctest.h>

#include "cluster/api/service_events.h"
#include "cluster/api/virtual_tasks.h"
#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

// A service of four tasks on two virtual hosts of one zone.
struct Spread {
  Spread() {
    bench.call("CreateCluster", "{}");
    add_host("a");
    add_host("a");
    bench.call("RegisterTaskDefinition",
               "{'family':'web','networkMode':'none','containerDefinitions':[{'name':'web',"
               "'image':'a','cpu':64,'memory':64}]}");
    bench.call("CreateService", "{'serviceName':'s','taskDefinition':'web','desiredCount':4}");
    settle();
    REQUIRE(service().deployments.front().rollout_state == "COMPLETED");
    REQUIRE_FALSE(service().rebalancing.has_value());
  }

  std::string add_host(const std::string& zone) {
    const Json made =
        bench.call("RegisterContainerInstance",
                   "{'totalResources':[{'name':'CPU','type':'INTEGER','integerValue':4096},"
                   "{'name':'MEMORY','type':'INTEGER','integerValue':8192}],'attributes':"
                   "[{'name':'ecs.availability-zone','value':'" +
                       zone + "'}]}");
    const auto arn = made["containerInstance"]["containerInstanceArn"].get<std::string>();
    return arn.substr(arn.rfind('/') + 1);
  }

  ServiceStep plan() {
    const ApiCall call = bench.own_call();
    return plan_service_step(call, bench.state, "default", "s");
  }

  // Until nothing is to be done for two minutes.
  void settle() {
    for (int quiet = 0; quiet < 12;) {
      const ServiceStep step = plan();
      const Proposal tasks = plan_virtual_steps(bench.state, bench.now);
      const bool is_quiet = step.proposal.changes.empty() && tasks.changes.empty();
      if (!step.proposal.changes.empty()) REQUIRE(bench.make(step.proposal));
      if (!tasks.changes.empty()) REQUIRE(bench.make(tasks));
      quiet = is_quiet ? quiet + 1 : 0;
      bench.now = {bench.now.milliseconds + 10'000};
      REQUIRE(++steps < 1000);
    }
  }

  const ClusterState& cluster() const {
    return *bench.state.scope(bench.scope).find_cluster("default");
  }
  const Service& service() const { return find_service(cluster(), "s")->record.value; }
  std::int32_t running_on(const std::string& host) const {
    return cluster().instances.find(host)->second.running_tasks;
  }

  void change_host(const std::string& host, const std::function<void(ContainerInstance&)>& change) {
    ContainerInstance record = cluster().instances.find(host)->second.record.value;
    change(record);
    const std::string key = instance_key(bench.scope, "default", host);
    REQUIRE(bench.state.apply(key, to_json(record).dump(), bench.state.revision() + 1));
    bench.state.set_revision(bench.state.revision() + 1);
    bench.placer.note_change(key);
  }

  ActionBench bench = {};
  int steps = 0;
};

TEST_CASE("a host that is new gets its share of a service") {
  Spread it;
  const std::string host = it.add_host("a");

  it.settle();

  CHECK(it.running_on(host) == 1);
  CHECK_FALSE(it.service().rebalancing.has_value());
}

TEST_CASE("a zone that is new gets its share of a service") {
  Spread it;
  const std::string host = it.add_host("b");

  it.settle();

  CHECK(it.running_on(host) == 2);
}

TEST_CASE("a host that takes no tasks, or whose agent is away, makes no service uneven") {
  Spread it;
  const std::string host = it.add_host("b");
  it.change_host(host, [](ContainerInstance& record) { record.status = "DRAINING"; });
  CHECK(it.plan().proposal.changes.empty());
  it.change_host(host, [](ContainerInstance& record) {
    record.status = "ACTIVE";
    record.agent_connected = false;
  });
  CHECK(it.plan().proposal.changes.empty());

  it.change_host(host, [](ContainerInstance& record) { record.agent_connected = true; });
  CHECK_FALSE(it.plan().proposal.changes.empty());
}

TEST_CASE("that a service is steady is told again after six hours without a change") {
  Spread it;
  const ServiceEvents before = find_service(it.cluster(), "s")->events.value;
  REQUIRE(before.events.front().message == "(service s) has reached a steady state.");
  const Timestamp due{before.events.front().created_at.milliseconds +
                      std::chrono::milliseconds(kSteadyAgainAfter).count()};
  CHECK(it.plan().look_again == due);

  it.bench.now = {due.milliseconds - 1};
  CHECK(it.plan().proposal.changes.empty());
  it.bench.now = due;
  const ServiceStep step = it.plan();
  REQUIRE(step.proposal.changes.size() == 1);
  REQUIRE(it.bench.make(step.proposal));

  const ServiceEvents after = find_service(it.cluster(), "s")->events.value;
  REQUIRE(after.events.size() == before.events.size() + 1);
  CHECK(after.events.front().message == before.events.front().message);
  CHECK(step.look_again > due);
  CHECK(it.plan().look_again == step.look_again);
}

}  // namespace
}  // namespace ikada
