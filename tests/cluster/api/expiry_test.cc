#include "cluster/api/expiry.h"

#include <chrono>
#include <string>

#include <doctest/doctest.h>

#include "cluster/api/service_step.h"
#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

// A service of one task, whose tasks do not come to run.
struct Failing {
  explicit Failing(const std::string& configuration) {
    bench.call("CreateCluster", "{}");
    bench.call("RegisterContainerInstance",
               "{'totalResources':[{'name':'CPU','type':'INTEGER','integerValue':4096},"
               "{'name':'MEMORY','type':'INTEGER','integerValue':8192}]}");
    bench.call("RegisterTaskDefinition",
               "{'family':'web','networkMode':'none','containerDefinitions':[{'name':'web',"
               "'image':'a','memory':64}]}");
    bench.call("CreateService",
               "{'serviceName':'s','taskDefinition':'web','desiredCount':1," + configuration + "}");
  }

  // When no back-off is left.
  void step() {
    pass(minutes(16));
    const ApiCall call = bench.own_call();
    const ServiceStep step = plan_service_step(call, bench.state, "default", "s");
    if (!step.proposal.changes.empty()) REQUIRE(bench.make(step.proposal));
  }

  void pass(milliseconds time) { bench.now.milliseconds += time.count(); }

  void expire() {
    const Proposal proposal = plan_expiry(bench.state, bench.now);
    if (!proposal.changes.empty()) REQUIRE(bench.make(proposal));
  }

  // All that is there fails after `time`.
  void fail_after(milliseconds time) {
    pass(time);
    Proposal proposal;
    for (const auto& [id, kept] : cluster().tasks) {
      if (kept.value.last_status == TaskStatus::kStopped) continue;
      Task task = kept.value;
      task.last_status = TaskStatus::kStopped;
      task.desired_status = "STOPPED";
      task.stop_code = "TaskFailedToStart";
      task.stopped_at = bench.now;
      ++task.version;
      proposal.put(task_key(bench.scope, "default", id), task, kept.revision);
    }
    REQUIRE(proposal.changes.size() == 1);
    REQUIRE(bench.make(proposal));
    expire();
  }

  const ClusterState& cluster() const {
    return *bench.state.scope(bench.scope).find_cluster("default");
  }
  Json deployment() {
    return bench.call("DescribeServices", "{'services':['s']}")["services"][0]["deployments"][0];
  }

  ActionBench bench = {};
};

TEST_CASE("failures that are hours apart trip the circuit breaker") {
  Failing it(
      "'deploymentConfiguration':{'deploymentCircuitBreaker':{'enable':true,"
      "'rollback':false}}");
  for (int failed = 1; failed <= 3; ++failed) {
    it.step();
    it.fail_after(minutes(90));
    CHECK(it.deployment()["failedTasks"] == failed);
  }
  it.step();
  CHECK(it.deployment()["rolloutState"] == "FAILED");

  it.pass(minutes(61));
  it.expire();
  CHECK(it.cluster().tasks.empty());
}

TEST_CASE("a deployment without end keeps no more of its failures than count") {
  Failing it("'propagateTags':'NONE'");
  for (int failed = 1; failed <= 205; ++failed) {
    it.step();
    it.fail_after(minutes(90));
  }
  CHECK(it.deployment()["failedTasks"] == 200);
}

}  // namespace
}  // namespace ikada
