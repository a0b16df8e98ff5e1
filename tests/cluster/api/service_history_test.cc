#include "cluster/api/service_history.h"

#include <doctest/doctest.h>

#include "cluster/api/expiry.h"
#include "cluster/api/service_step.h"
#include "cluster/api/virtual_tasks.h"
#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

struct Deployed {
  Deployed() {
    bench.options.healthy_after = std::chrono::milliseconds(0);
    bench.call("CreateCluster", "{}");
    bench.call("RegisterContainerInstance",
               "{'totalResources':[{'name':'CPU','type':'INTEGER','integerValue':4096},"
               "{'name':'MEMORY','type':'INTEGER','integerValue':8192}]}");
    register_web();
    bench.call("CreateService", "{'serviceName':'s','taskDefinition':'web','desiredCount':2}");
  }

  void register_web() {
    bench.call("RegisterTaskDefinition",
               "{'family':'web','containerDefinitions':[{'name':'web','image':'a','cpu':64,"
               "'memory':64}]}");
  }

  void step() {
    const ApiCall call = bench.own_call();
    ServiceStep step = plan_service_step(call, bench.state, "default", "s");
    if (!step.proposal.changes.empty()) REQUIRE(bench.make(step.proposal));
    const Proposal tasks = plan_virtual_steps(bench.state, bench.now);
    if (!tasks.changes.empty()) REQUIRE(bench.make(tasks));
  }

  void settle() {
    for (int i = 0; i < 20; ++i) step();
  }

  Json service() { return bench.call("DescribeServices", "{'services':['s']}")["services"][0]; }
  Json list() {
    return bench.call("ListServiceDeployments", "{'service':'s'}")["serviceDeployments"];
  }
  Json newest() {
    const auto arn = list()[0]["serviceDeploymentArn"].get<std::string>();
    return bench.call("DescribeServiceDeployments",
                      "{'serviceDeploymentArns':['" + arn + "']}")["serviceDeployments"][0];
  }
  Json stop(const std::string& type) {
    const auto arn = list()[0]["serviceDeploymentArn"].get<std::string>();
    return bench.call("StopServiceDeployment",
                      "{'serviceDeploymentArn':'" + arn + "','stopType':'" + type + "'}");
  }
  void update() {
    register_web();
    bench.now.milliseconds += 1000;
    bench.call("UpdateService", "{'service':'s','taskDefinition':'web'}");
  }

  ActionBench bench = {};
};

TEST_CASE("a service shows its newest deployment and its revisions") {
  Deployed it;
  const Json created = it.service();
  CHECK(created["currentServiceDeployment"] == it.list()[0]["serviceDeploymentArn"]);
  CHECK(it.list()[0]["status"] == "PENDING");
  CHECK_FALSE(created["deployments"][0].contains("rollsBack"));
  it.settle();

  const Json summary = it.service()["currentServiceRevisions"][0];
  CHECK(summary["runningTaskCount"] == 2);
  CHECK(summary["requestedTaskCount"] == 2);
  const Json shown = it.newest();
  CHECK(shown["status"] == "SUCCESSFUL");
  CHECK(shown["targetServiceRevision"] == summary);
  CHECK(shown["alarms"]["status"] == "DISABLED");
  CHECK(shown["deploymentCircuitBreaker"]["status"] == "DISABLED");
  const auto arn = summary["arn"].get<std::string>();
  CHECK(arn.starts_with("arn:aws:ecs:r:1:service-revision/default/s/"));
  const Json revision =
      it.bench.call("DescribeServiceRevisions", "{'serviceRevisionArns':['" + arn + "','x']}");
  CHECK(revision["serviceRevisions"][0]["taskDefinition"] == it.service()["taskDefinition"]);
  CHECK(revision["failures"][0]["reason"] == "MISSING");
}

TEST_CASE("a deployment that is stopped goes back to what was there before") {
  Deployed it;
  it.settle();
  CHECK(it.stop("ROLLBACK")["__type"] == "ConflictException");
  it.update();
  it.step();
  CHECK(it.stop("SIDEWAYS")["__type"] == "InvalidParameterException");
  CHECK(it.stop("ROLLBACK").contains("serviceDeploymentArn"));
  CHECK(it.newest()["status"] == "ROLLBACK_REQUESTED");
  CHECK(it.stop("ROLLBACK").contains("serviceDeploymentArn"));

  it.settle();

  const Json shown = it.newest();
  CHECK(shown["status"] == "ROLLBACK_SUCCESSFUL");
  CHECK(shown["rollback"]["serviceRevisionArn"] ==
        it.service()["currentServiceRevisions"][0]["arn"]);
  CHECK(it.service()["taskDefinition"].get<std::string>().ends_with("web:1"));
  CHECK(it.list().size() == 2);
}

TEST_CASE("a first deployment can be stopped only as it is") {
  Deployed it;
  CHECK(it.stop("ROLLBACK")["__type"] == "InvalidParameterException");
  CHECK(it.stop("ABORT").contains("serviceDeploymentArn"));
  CHECK(it.newest()["status"] == "STOP_REQUESTED");
  it.settle();
  CHECK(it.newest()["status"] == "STOPPED");
  CHECK(it.newest().contains("stoppedAt"));
}

TEST_CASE("resetOnHealthyTask of the circuit breaker is kept and shown as it was given") {
  Deployed it;
  const Json configuration = it.service()["deploymentConfiguration"];
  CHECK_FALSE(configuration["deploymentCircuitBreaker"].contains("resetOnHealthyTask"));
  const Json updated = it.bench.call(
      "UpdateService",
      "{'service':'s','deploymentConfiguration':{'deploymentCircuitBreaker':{'enable':true,"
      "'rollback':false,'resetOnHealthyTask':false}}}");
  REQUIRE_MESSAGE(updated.contains("service"), updated.dump());
  CHECK(it.service()["deploymentConfiguration"]["deploymentCircuitBreaker"] ==
        quoted("{'enable':true,'rollback':false,'resetOnHealthyTask':false}"));
}

TEST_CASE("a clientToken stands for its service after an update, too") {
  Deployed it;
  const std::string again =
      "{'serviceName':'t','taskDefinition':'web','desiredCount':1,'clientToken':'once'}";
  const Json made = it.bench.call("CreateService", again)["service"];
  it.bench.call("UpdateService", "{'service':'t','desiredCount':2}");
  CHECK(it.bench.call("CreateService", again)["service"]["serviceArn"] == made["serviceArn"]);
  it.bench.call("UpdateService", "{'service':'s','desiredCount':1}");
  CHECK(it.bench.call("CreateService",
                      "{'serviceName':'s','taskDefinition':'web','desiredCount':2}")["__type"] ==
        "InvalidParameterException");
}

TEST_CASE("a clientToken makes one service, under whichever name it comes again") {
  Deployed it;
  const auto create = [&](const char* name, const char* token) {
    return it.bench.call("CreateService",
                         fmt::format("{{'serviceName':'{}','taskDefinition':'web','desiredCount':0,"
                                     "'clientToken':'{}'}}",
                                     name,
                                     token));
  };
  const Json made = create("t", "once");
  REQUIRE_MESSAGE(made.contains("service"), made.dump());

  CHECK(create("u", "once")["__type"] == "ConflictException");
  CHECK(it.bench.call("DescribeServices", "{'services':['u']}")["services"].empty());
  CHECK(create("t", "once")["service"]["serviceArn"] == made["service"]["serviceArn"]);
  CHECK(create("u", "other").contains("service"));
  CHECK(it.bench.call("RunTask", "{'taskDefinition':'web','clientToken':'once'}")["tasks"].size() ==
        1);

  it.bench.now.milliseconds += std::int64_t{24} * 3600 * 1000 + 1;
  REQUIRE(it.bench.make(plan_expiry(it.bench.state, it.bench.now)));
  CHECK(create("v", "once").contains("service"));
}

TEST_CASE("deployments are listed by their status and time, the newest first") {
  Deployed it;
  it.settle();
  it.update();
  const Json listed = it.bench.call("ListServiceDeployments",
                                    "{'service':'s','status':['PENDING']}")["serviceDeployments"];
  REQUIRE(listed.size() == 1);
  CHECK(listed[0] == it.list()[0]);
  const std::string before = fmt::format("{}", it.bench.now.milliseconds / 1000 - 1);
  CHECK(it.bench
            .call("ListServiceDeployments",
                  "{'service':'s','createdAt':{'before':" + before + "}}")["serviceDeployments"]
            .size() == 1);
  CHECK(it.bench.call("ListServiceDeployments", "{'service':'none'}")["__type"] ==
        "ServiceNotFoundException");
  CHECK(
      it.bench.call(
          "StopServiceDeployment",
          "{'serviceDeploymentArn':'arn:aws:ecs:r:1:service-deployment/default/s/1'}")["__type"] ==
      "ServiceDeploymentNotFoundException");
}

}  // namespace
}  // namespace ikada
