#include "cluster/api/service_targets.h"

#include <doctest/doctest.h>

#include "cluster/api/service_step.h"
#include "cluster/api/virtual_tasks.h"
#include "cluster/loadbalancing/group_targets.h"
#include "cluster/model/balancer_arn.h"
#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

// A cluster with a virtual host, and the groups "web" (instance) and "own" (ip), which a listener
// uses, and "idle", which none does.
struct Balanced {
  Balanced() {
    bench.call("CreateCluster", "{}");
    bench.call("RegisterContainerInstance",
               "{'totalResources':[{'name':'CPU','type':'INTEGER','integerValue':4096},"
               "{'name':'MEMORY','type':'INTEGER','integerValue':8192}]}");
    bench.call("RegisterTaskDefinition",
               "{'family':'web','containerDefinitions':[{'name':'web','image':'a','cpu':64,"
               "'memory':64,'portMappings':[{'containerPort':80},"
               "{'containerPort':53,'protocol':'udp'}]}]}");
    bench.call("RegisterTaskDefinition",
               "{'family':'own','networkMode':'awsvpc','containerDefinitions':[{'name':'web',"
               "'image':'a','cpu':64,'memory':64,'portMappings':[{'containerPort':80}]}]}");
    put(balancer_key(bench.scope, "lb"), LoadBalancer{.name = "lb", .id = "00000000000000cc"});
    Listener listener{.balancer = "lb", .id = "00000000000000dd", .port = 8080};
    listener.default_actions.push_back(
        {.type = "forward", .groups = {{.target_group = "web"}, {.target_group = "own"}}});
    put(listener_key(bench.scope, "lb", listener.id), listener);
    for (const TargetGroup& each : {group("web"), group("own"), group("idle")}) {
      put(target_group_key(bench.scope, each.name), each);
    }
  }

  static TargetGroup group(const std::string& name) {
    TargetGroup group{.name = name, .id = "00000000000000aa"};
    if (name == "own") group.target_type = "ip";
    group.attributes["deregistration_delay.timeout_seconds"] = "30";
    return group;
  }

  std::string arn(const std::string& name) const {
    return target_group_arn(bench.scope, group(name));
  }

  std::string balancers(const std::string& name,
                        const std::string& container = "web",
                        int port = 80) const {
    return fmt::format(
        "'loadBalancers':[{{'targetGroupArn':'{}','containerName':'{}','containerPort':{}}}]",
        arn(name),
        container,
        port);
  }

  Json create(const std::string& members, const std::string& family = "web") {
    const char* const network =
        "'networkConfiguration':{'awsvpcConfiguration':{'subnets':['subnet-1']}},";
    return bench.call(
        "CreateService",
        fmt::format("{{'serviceName':'s','taskDefinition':'{}','desiredCount':1,{}{}}}",
                    family,
                    family == "own" ? network : "",
                    members));
  }

  // Steps of the service and of the virtual host until nothing is to be done.
  void settle() {
    for (int i = 0; i < 50; ++i) {
      const SeenTargets seen = put_together(sights);
      ApiCall call = bench.own_call();
      call.seen = &seen;
      ServiceStep step = plan_service_step(call, bench.state, "default", "s");
      const bool is_done = step.proposal.changes.empty();
      if (!is_done) REQUIRE(bench.make(step.proposal));
      const Proposal tasks = plan_virtual_steps(bench.state, bench.now);
      if (!tasks.changes.empty()) REQUIRE(bench.make(tasks));
      if (is_done && tasks.changes.empty()) return;
    }
    FAIL("it does not settle");
  }

  Json service() { return bench.call("DescribeServices", "{'services':['s']}")["services"][0]; }
  Json task(const std::string& id) {
    return bench.call("DescribeTasks", "{'tasks':['" + id + "']}")["tasks"][0];
  }
  std::string only_task() {
    const Json arns = bench.call("ListTasks", "{}")["taskArns"];
    REQUIRE(arns.size() == 1);
    return arns[0].get<std::string>().substr(arns[0].get<std::string>().rfind('/') + 1);
  }
  // As the one host with balancers sees the target of the task.
  void see(const std::string& task, TargetObservation observation) {
    sights = {.hosts = {{}}, .has_all = true};
    sights.hosts[0][planned_group_name(group("web"))][task + ":32768"] = std::move(observation);
  }

  template <typename T>
  void put(const std::string& key, const T& record) {
    REQUIRE(bench.state.apply(key, to_json(record).dump(), bench.state.revision()));
  }

  ActionBench bench = {};
  TargetSights sights = {};
};

TEST_CASE("a service has load balancers as they were given") {
  Balanced it;
  const Json shown = it.create(it.balancers("web"))["service"];
  CHECK(shown["loadBalancers"] == Json::array({{{"targetGroupArn", it.arn("web")},
                                                {"containerName", "web"},
                                                {"containerPort", 80}}}));
  CHECK_FALSE(shown["deployments"][0].contains("loadBalancers"));
  CHECK(it.service()["loadBalancers"].size() == 1);
}

TEST_CASE("what a service's load balancer cannot be is told in ECS's words") {
  Balanced it;
  const auto refusal = [&](const std::string& members, const std::string& family = "web") {
    const Json error = it.create(members, family);
    CHECK(error["__type"] == "InvalidParameterException");
    return error["message"].get<std::string>();
  };
  CHECK(refusal(it.balancers("web", "none")) ==
        "The container none does not exist in the task definition.");
  CHECK(refusal(it.balancers("web", "web", 81)) ==
        "The container web did not have a container port 81 defined.");
  CHECK(refusal(it.balancers("web", "web", 53)) ==
        "The container web did not have a container port 53 defined.");
  CHECK(refusal(it.balancers("none")) ==
        "The target group with targetGroupArn " + it.arn("none") + " does not exist.");
  CHECK(refusal(it.balancers("idle")) == "The target group with targetGroupArn " + it.arn("idle") +
                                             " does not have an associated load balancer.");
  CHECK(refusal(it.balancers("own")) ==
        "The provided target group " + it.arn("own") +
            " has target type ip, which is incompatible with the bridge network mode specified in "
            "the task definition.");
  CHECK(refusal(it.balancers("web"), "own") ==
        "The provided target group " + it.arn("web") +
            " has target type instance, which is incompatible with the awsvpc network mode "
            "specified in the task definition.");
  CHECK(refusal("'loadBalancers':[{'loadBalancerName':'classic','containerName':'web',"
                "'containerPort':80}]")
            .starts_with("targetGroupArn can not be blank"));
  CHECK(refusal("'loadBalancers':[{},{},{},{},{},{}]") ==
        "load balancers can have at most 5 items.");
}

TEST_CASE("a target group can be named by its name") {
  Balanced it;
  const Json shown = it.create(
      "'loadBalancers':[{'targetGroupArn':'web','containerName':'web','containerPort':80}]");
  CHECK(shown["service"]["loadBalancers"][0]["targetGroupArn"] == it.arn("web"));
}

TEST_CASE("other load balancers make a new deployment, the same ones do not") {
  Balanced it;
  it.create(it.balancers("web"));
  const auto update = [&](const std::string& members) {
    return it.bench.call("UpdateService", "{'service':'s'," + members + "}")["service"];
  };
  CHECK(update(it.balancers("web"))["deployments"].size() == 1);
  CHECK(update("'desiredCount':2")["loadBalancers"].size() == 1);
  const Json without = update("'loadBalancers':[]");
  CHECK(without["deployments"].size() == 2);
  CHECK(without["loadBalancers"].empty());
  CHECK(update(it.balancers("web"))["loadBalancers"].size() == 1);
  CHECK(it.bench.call("UpdateService", "{'service':'s'," + it.balancers("idle") + "}")["__type"] ==
        "InvalidParameterException");
}

TEST_CASE("a deployment is complete when the balancers find its tasks healthy") {
  Balanced it;
  it.create(it.balancers("web"));
  it.settle();
  const std::string task = it.only_task();
  it.bench.now.milliseconds += 100'000;
  it.settle();
  CHECK(it.service()["deployments"][0]["rolloutState"] == "IN_PROGRESS");

  it.see(task, {.state = TargetState::kHealthy});
  it.settle();
  CHECK(it.service()["deployments"][0]["rolloutState"] == "COMPLETED");
}

TEST_CASE("a stopped task of a service leaves when its delay is over") {
  Balanced it;
  it.create(it.balancers("web"));
  it.settle();
  const std::string task = it.only_task();
  const Json stopping = it.bench.call("StopTask", "{'task':'" + task + "'}")["task"];
  CHECK(stopping["lastStatus"] == "DEACTIVATING");
  CHECK(stopping["desiredStatus"] == "STOPPED");
  CHECK(stopping["stoppedReason"] == "Task stopped by user");
  it.settle();
  CHECK(it.only_task() != task);  // Its replacement is there already.
  CHECK(it.service()["runningCount"] == 1);

  it.bench.now.milliseconds += 29'999;
  it.settle();
  CHECK(it.task(task)["lastStatus"] == "DEACTIVATING");
  it.bench.now.milliseconds += 1;
  it.settle();
  CHECK(it.task(task)["lastStatus"] == "STOPPED");
}

TEST_CASE("a task whose connections have ended leaves before") {
  Balanced it;
  it.create(it.balancers("web"));
  it.settle();
  const std::string task = it.only_task();
  it.bench.call("StopTask", "{'task':'" + task + "'}");
  it.see(task, {.state = TargetState::kDraining, .sessions = 1});
  it.bench.now.milliseconds += 5'000;
  it.settle();
  CHECK(it.task(task)["lastStatus"] == "DEACTIVATING");

  it.see(task, {.state = TargetState::kDraining});
  it.settle();
  CHECK(it.task(task)["lastStatus"] == "STOPPED");
}

TEST_CASE("no drain ends before the balancers can know of it") {
  Balanced it;
  it.create(it.balancers("web"));
  it.settle();
  const std::string task = it.only_task();
  it.bench.call("StopTask", "{'task':'" + task + "'}");
  it.see(task, {.state = TargetState::kDraining});
  it.bench.now.milliseconds += 999;
  it.settle();
  CHECK(it.task(task)["lastStatus"] == "DEACTIVATING");
  it.bench.now.milliseconds += 1;
  it.settle();
  CHECK(it.task(task)["lastStatus"] == "STOPPED");
}

TEST_CASE("StopTask with force waits for nobody, also when a task is drained already") {
  Balanced it;
  it.create(it.balancers("web"));
  it.settle();
  std::string task = it.only_task();
  it.bench.call("StopTask", "{'task':'" + task + "','force':true}");
  it.settle();
  CHECK(it.task(task)["lastStatus"] == "STOPPED");

  task = it.only_task();
  it.bench.call("StopTask", "{'task':'" + task + "'}");
  it.settle();
  CHECK(it.task(task)["lastStatus"] == "DEACTIVATING");
  it.bench.call("StopTask", "{'task':'" + task + "','force':true}");
  it.settle();
  CHECK(it.task(task)["lastStatus"] == "STOPPED");
}

TEST_CASE("that a client stops a target is told of its service") {
  Balanced it;
  it.create(it.balancers("web"));
  it.settle();
  const auto count = [&](const std::string& message) {
    int found = 0;
    const Json service = it.service();
    for (const Json& each : service["events"]) found += each["message"] == message ? 1 : 0;
    return found;
  };
  const std::string drains = "(service s) has begun draining connections on 1 tasks.";
  const std::string deregisters =
      "(service s) deregistered 1 targets in (target-group " + it.arn("web") + ")";
  REQUIRE(count(deregisters) == 0);

  const std::string stop = "{'task':'" + it.only_task() + "'}";
  it.bench.call("StopTask", stop);
  it.bench.call("StopTask", stop);

  CHECK(count(drains) == 1);
  CHECK(count(deregisters) == 1);
}

TEST_CASE("a group that gets no requests any more keeps nobody waiting") {
  Balanced it;
  it.create(it.balancers("web"));
  it.settle();
  const std::string task = it.only_task();
  REQUIRE(it.bench.state.apply(
      listener_key(it.bench.scope, "lb", "00000000000000dd"), std::nullopt, 1));
  it.bench.call("StopTask", "{'task':'" + task + "'}");
  it.settle();
  CHECK(it.task(task)["lastStatus"] == "STOPPED");
}

TEST_CASE("a target that somebody deregistered stays away until its task is replaced") {
  Balanced it;
  it.create(it.balancers("web"));
  it.settle();
  const auto targets = [&] {
    return it.bench.call("elb:DescribeTargetHealth",
                         "{'TargetGroupArn':'" + it.arn("web") + "'}")["TargetHealthDescriptions"];
  };
  const auto change = [&](const char* action, const Json& target) {
    const Json body = {{"TargetGroupArn", it.arn("web")}, {"Targets", {target["Target"]}}};
    return it.bench.call(action, body.dump());
  };
  REQUIRE(targets().size() == 1);
  const Json target = targets()[0];
  const std::string task = it.only_task();

  CHECK_FALSE(change("elb:DeregisterTargets", target).contains("__type"));
  CHECK(targets()[0]["TargetHealth"]["State"] == "draining");
  it.bench.now.milliseconds += 31'000;
  it.settle();
  CHECK(targets().empty());
  CHECK(it.only_task() == task);
  // It keeps the deployment waiting no more than a task without targets.
  it.bench.now.milliseconds += 60'000;
  it.settle();
  CHECK(it.service()["deployments"][0]["rolloutState"] == "COMPLETED");

  CHECK_FALSE(change("elb:RegisterTargets", target).contains("__type"));
  REQUIRE(targets().size() == 1);
  CHECK(targets()[0]["Target"] == target["Target"]);
  CHECK_FALSE(change("elb:DeregisterTargets", target).contains("__type"));

  it.bench.call("StopTask", "{'task':'" + task + "'}");
  it.settle();
  REQUIRE(targets().size() == 1);
  CHECK(targets()[0]["TargetHealth"]["State"] != "draining");
}

TEST_CASE("of a target group that was deleted its service tells, and registers no task there") {
  Balanced it;
  it.create(it.balancers("web"));
  it.settle();
  it.see(it.only_task(), {.state = TargetState::kHealthy});
  it.settle();
  REQUIRE(it.service()["deployments"][0]["rolloutState"] == "COMPLETED");
  const auto count = [&](const std::string& text) {
    int found = 0;
    const Json service = it.service();
    for (const Json& each : service["events"]) {
      if (each["message"].get<std::string>() == "(service s) " + text) ++found;
    }
    return found;
  };
  const std::string group = "(target-group " + it.arn("web") + ")";
  const std::string registered = "registered 1 targets in " + group;
  REQUIRE(count(registered) == 1);

  REQUIRE(it.bench.state.apply(target_group_key(it.bench.scope, "web"), std::nullopt, 1));
  const Json refused = it.bench.call("UpdateService", "{'service':'s','forceNewDeployment':true}");
  CHECK(refused["message"].get<std::string>().find("does not exist") != std::string::npos);
  REQUIRE_FALSE(
      it.bench.call("UpdateService", "{'service':'s','desiredCount':2}").contains("__type"));
  it.settle();
  it.bench.now.milliseconds += 60'000;
  it.settle();

  CHECK(it.service()["runningCount"] == 2);
  CHECK(count(registered) == 1);
  CHECK(count("failed to register targets in " + group +
              " with (error One or more target groups not found)") == 1);
}

TEST_CASE("an unhealthy target is replaced when its grace period has ended") {
  Balanced it;
  it.create(it.balancers("web") + ",'healthCheckGracePeriodSeconds':60");
  it.settle();
  const std::string task = it.only_task();
  it.see(task,
         {.state = TargetState::kUnhealthy,
          .reason = "Target.ResponseCodeMismatch",
          .description = "Health checks failed with these codes: [503]"});
  it.settle();
  CHECK(it.only_task() == task);
  CHECK(it.service()["healthCheckGracePeriodSeconds"] == 60);

  it.bench.now.milliseconds += 60'000;
  it.settle();
  // Its replacement has to be healthy first.
  const Json arns = it.bench.call("ListTasks", "{}")["taskArns"];
  CHECK(arns.size() == 2);
  for (const Json& arn : arns) {
    const std::string id = arn.get<std::string>().substr(arn.get<std::string>().rfind('/') + 1);
    if (id == task) continue;
    it.sights.hosts[0][planned_group_name(it.group("web"))][id + ":32770"] = {
        .state = TargetState::kHealthy};
  }
  it.settle();
  CHECK(it.task(task)["stoppedReason"] ==
        "Task failed ELB health checks in (target-group " + it.arn("web") + ")");
  CHECK(it.task(task)["stopCode"] == "ServiceSchedulerInitiated");
  const std::string told = it.service()["events"].dump();
  CHECK(told.find("(service s) (task " + task + ") (port 32768) is unhealthy in (target-group " +
                  it.arn("web") +
                  ") due to (reason Health checks failed with these codes: [503]).") !=
        std::string::npos);
}

}  // namespace
}  // namespace ikada
