#include <doctest/doctest.h>

#include "cluster/api/expiry.h"
#include "cluster/api/virtual_tasks.h"
#include "cluster/model/task_stop.h"
#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

struct TaskBench : ActionBench {
  TaskBench() {
    call("CreateCluster", "{}");
    call("RegisterTaskDefinition",
         "{'family':'web','containerDefinitions':[{'name':'a','image':'i','cpu':256,'memory':512,"
         "'portMappings':[{'containerPort':80}]}],'tags':[{'key':'from','value':'definition'}]}");
  }

  std::string add_instance(std::int32_t memory = 2048) {
    const Json answer =
        call("RegisterContainerInstance",
             fmt::format("{{'totalResources':["
                         "{{'name':'CPU','type':'INTEGER','integerValue':4096}},"
                         "{{'name':'MEMORY','type':'INTEGER','integerValue':{}}}]}}",
                         memory));
    return answer["containerInstance"]["containerInstanceArn"].get<std::string>();
  }

  // Until no task of a virtual instance has a step to go.
  void settle() {
    for (Proposal proposal = plan_virtual_steps(state, now); !proposal.changes.empty();
         proposal = plan_virtual_steps(state, now)) {
      REQUIRE(make(proposal));
    }
  }

  Json describe_task(const std::string& arn) {
    return call("DescribeTasks", "{'tasks':['" + arn + "'],'include':['TAGS']}")["tasks"][0];
  }
};

TEST_CASE("a task is PENDING, RUNNING, and STOPPED when it is asked to") {
  TaskBench api;
  const std::string instance = api.add_instance();

  const Json run = api.call("RunTask", "{'taskDefinition':'web','startedBy':'me'}");
  REQUIRE_MESSAGE(run.contains("tasks"), run.dump());
  const auto arn = run["tasks"][0]["taskArn"].get<std::string>();

  CHECK(run["failures"].empty());
  CHECK(run["tasks"][0]["lastStatus"] == "PENDING");
  CHECK(run["tasks"][0]["group"] == "family:web");
  CHECK(run["tasks"][0]["containerInstanceArn"] == instance);
  CHECK(run["tasks"][0]["overrides"]["containerOverrides"] == quoted("[{'name':'a'}]"));
  CHECK_FALSE(run["tasks"][0].contains("startedAt"));

  api.settle();
  const Json running = api.describe_task(arn);
  CHECK(running["lastStatus"] == "RUNNING");
  CHECK(running["startedAt"] == 1'700'000'000.0);
  CHECK(running["containers"][0]["networkBindings"] ==
        quoted("[{'bindIP':'0.0.0.0','containerPort':80,'hostPort':32768,'protocol':'tcp'}]"));
  CHECK_FALSE(running.contains("stopCode"));

  const Json stop = api.call("StopTask", "{'task':'" + arn + "','reason':'enough'}");
  CHECK(stop["task"]["desiredStatus"] == "STOPPED");
  CHECK(stop["task"]["lastStatus"] == "RUNNING");
  api.settle();
  const Json stopped = api.describe_task(arn);
  CHECK(stopped["lastStatus"] == "STOPPED");
  CHECK(stopped["stopCode"] == "UserInitiated");
  CHECK(stopped["stoppedReason"] == "enough");
  CHECK(stopped["containers"][0]["exitCode"] == 143);
  CHECK(api.call("StopTask", "{'task':'" + arn + "'}")["task"] == stopped);
  CHECK(api.call("ListTasks", "{}")["taskArns"].empty());
  CHECK(api.call("ListTasks", "{'desiredStatus':'STOPPED'}")["taskArns"] == Json::array({arn}));

  api.now.milliseconds += 3'600'001;
  REQUIRE(api.make(plan_expiry(api.state, api.now)));
  CHECK(api.call("DescribeTasks", "{'tasks':['" + arn + "']}")["failures"][0]["reason"] ==
        "MISSING");
}

TEST_CASE("what fits is placed, for the rest each instance says why not") {
  TaskBench api;
  CHECK(api.call("RunTask", "{'taskDefinition':'web'}") ==
        quoted("{'__type':'InvalidParameterException',"
               "'message':'No Container Instances were found in your cluster.'}"));
  const std::string instance = api.add_instance(1200);

  const Json run = api.call("RunTask", "{'taskDefinition':'web','count':5}");

  CHECK(run["tasks"].size() == 2);
  REQUIRE(run["failures"].size() == 1);
  CHECK(run["failures"][0]["arn"] == instance);
  CHECK(run["failures"][0]["reason"] == "RESOURCE:MEMORY");
  CHECK(api.call("RunTask", "{'taskDefinition':'web'}")["tasks"].empty());
  const Json shown =
      api.call("DescribeContainerInstances", "{'containerInstances':['" + instance + "']}");
  CHECK(shown["containerInstances"][0]["remainingResources"][1]["integerValue"] == 176);
  CHECK(shown["containerInstances"][0]["pendingTasksCount"] == 2);
}

TEST_CASE("a task that asks for a GPU goes where one is free") {
  TaskBench api;
  const std::string without = api.add_instance();
  api.call("RegisterTaskDefinition",
           "{'family':'render','containerDefinitions':[{'name':'a','image':'i','memory':64,"
           "'resourceRequirements':[{'type':'GPU','value':'1'}]}]}");
  const Json refused = api.call("RunTask", "{'taskDefinition':'render'}");
  CHECK(refused["tasks"].empty());
  REQUIRE(refused["failures"].size() == 1);
  CHECK(refused["failures"][0]["arn"] == without);
  CHECK(refused["failures"][0]["reason"] == "RESOURCE:GPU");

  const Json registered =
      api.call("RegisterContainerInstance",
               "{'totalResources':[{'name':'CPU','type':'INTEGER','integerValue':4096},"
               "{'name':'MEMORY','type':'INTEGER','integerValue':2048},"
               "{'name':'GPU','type':'STRINGSET','stringSetValue':['gpu-0','gpu-1']}]}");
  const Json with = registered["containerInstance"]["containerInstanceArn"];
  const Json run = api.call("RunTask", "{'taskDefinition':'render','count':3}");
  CHECK(run["tasks"].size() == 2);
  CHECK(run["tasks"][0]["containerInstanceArn"] == with);
  CHECK(run["failures"][0]["reason"] == "RESOURCE:GPU");
  const Json shown = api.call("DescribeContainerInstances",
                              "{'containerInstances':['" + with.get<std::string>() + "']}");
  CHECK(shown["containerInstances"][0]["remainingResources"][2]["stringSetValue"].empty());
}

TEST_CASE("a task that was stopped gives its place to another") {
  TaskBench api;
  api.add_instance(600);
  const auto first =
      api.call("RunTask", "{'taskDefinition':'web'}")["tasks"][0]["taskArn"].get<std::string>();
  CHECK(api.call("RunTask", "{'taskDefinition':'web'}")["failures"].size() == 1);

  api.call("StopTask", "{'task':'" + first + "'}");
  api.settle();

  CHECK(api.call("RunTask", "{'taskDefinition':'web'}")["tasks"].size() == 1);
}

TEST_CASE("a task that could not be stored gives its place back") {
  TaskBench api;
  api.add_instance(600);
  const Json body = quoted("{'taskDefinition':'web'}");
  const ApiCall call{.body = body,
                     .scope = api.scope,
                     .caller_arn = {},
                     .now = api.now,
                     .options = api.options,
                     .random_hex = [](size_t bytes) { return std::string(bytes * 2, 'a'); },
                     .placer = &api.placer};
  const Result<Outcome> lost = run_task(call, api.state);
  REQUIRE(lost);
  CHECK(api.call("RunTask", "{'taskDefinition':'web'}")["tasks"].empty());

  lost->proposal->settled(false);

  CHECK(api.call("RunTask", "{'taskDefinition':'web'}")["tasks"].size() == 1);
}

TEST_CASE("an instance that goes and comes back has the tasks that have not ended") {
  TaskBench api;
  const std::string instance = api.add_instance(1024);
  api.call("RunTask", "{'taskDefinition':'web'}");
  const std::string id = instance.substr(instance.rfind('/') + 1);
  const std::string key = instance_key(api.scope, "default", id);
  const Kept<ContainerInstance> record =
      api.state.scope(api.scope).find_cluster("default")->instances.at(id).record;
  Proposal gone;
  gone.remove(key, record.revision);
  REQUIRE(api.make(gone));
  CHECK(api.call("RunTask", "{'taskDefinition':'web'}")["__type"] == "InvalidParameterException");

  Proposal back;
  back.put(key, record.value, 0);
  REQUIRE(api.make(back));
  const Json run = api.call("RunTask", "{'taskDefinition':'web','count':2}");

  CHECK(run["tasks"].size() == 1);
  CHECK(run["failures"][0]["reason"] == "RESOURCE:MEMORY");
}

TEST_CASE("a clientToken runs its tasks once") {
  TaskBench api;
  api.add_instance();
  const std::string body = "{'taskDefinition':'web','clientToken':'t/1'}";

  const Json first = api.call("RunTask", body);
  const Json again = api.call("RunTask", body);

  CHECK(again["tasks"] == first["tasks"]);
  const Json other = api.call("RunTask", "{'taskDefinition':'web','clientToken':'t/1','count':2}");
  CHECK(other["__type"] == "ConflictException");
  CHECK(other["resourceIds"] == Json::array({first["tasks"][0]["taskArn"]}));
  CHECK(api.call("ListTasks", "{}")["taskArns"].size() == 1);
  CHECK(api.call("RunTask", "{'taskDefinition':'web','clientToken':''}")["__type"] ==
        "InvalidParameterException");
}

TEST_CASE("StartTask names its instances, and a draining one is INACTIVE") {
  TaskBench api;
  const std::string good = api.add_instance();
  const std::string draining = api.add_instance();
  api.call("UpdateContainerInstancesState",
           "{'status':'DRAINING','containerInstances':['" + draining + "']}");

  const Json start = api.call(
      "StartTask",
      "{'taskDefinition':'web','containerInstances':['" + good + "','" + draining + "','none']}");

  CHECK(start["tasks"].size() == 1);
  CHECK(start["tasks"][0]["containerInstanceArn"] == good);
  REQUIRE(start["failures"].size() == 2);
  CHECK(start["failures"][0]["arn"] == draining);
  CHECK(start["failures"][0]["reason"] == "INACTIVE");
  CHECK(start["failures"][1]["reason"] == "MISSING");
}

TEST_CASE("requests that make no sense are refused") {
  TaskBench api;
  api.add_instance();
  api.call("RegisterTaskDefinition",
           "{'family':'net','networkMode':'awsvpc','containerDefinitions':["
           "{'name':'a','image':'i','memory':64}]}");
  const auto refusal = [&](const std::string& body) {
    const Json answer = api.call("RunTask", "{" + body + "}");
    return answer.value("__type", "") + ": " + answer.value("message", "");
  };
  CHECK(refusal("'taskDefinition':'none'") == "ClientException: TaskDefinition not found.");
  CHECK(refusal("") == "InvalidParameterException: taskDefinition can not be blank.");
  CHECK(refusal("'taskDefinition':'web','count':11") ==
        "InvalidParameterException: count must be between 1 and 10.");
  CHECK(
      refusal("'taskDefinition':'net'") ==
      "InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' "
      "is specified.");
  CHECK(
      refusal("'taskDefinition':'web','networkConfiguration':{'awsvpcConfiguration':"
              "{'subnets':['s']}}") ==
      "InvalidParameterException: Network Configuration is not valid for the given networkMode of "
      "this task definition.");
  CHECK(refusal("'taskDefinition':'web','group':'service:x'") ==
        "InvalidParameterException: Invalid group 'service:x'.");
  CHECK(refusal("'taskDefinition':'web','launchType':'FARGATE'") ==
        "InvalidParameterException: Task definition does not support launch_type FARGATE.");
  CHECK(refusal("'taskDefinition':'web','overrides':{'containerOverrides':[{'name':'b'}]}") ==
        "InvalidParameterException: Override for container named b is not a container in the "
        "TaskDefinition.");
  CHECK(refusal("'taskDefinition':'web','placementConstraints':[{'type':'sameInstance'}]")
            .starts_with("InvalidParameterException: "));
  CHECK(refusal("'taskDefinition':'web','placementStrategy':[{'type':'spread','field':'x'}]")
            .starts_with("InvalidParameterException: "));
}

TEST_CASE("nobody but a service starts a task as a deployment of one") {
  TaskBench api;
  const std::string arn = api.add_instance();
  const std::string fake = "{'taskDefinition':'web','startedBy':'ecs-svc/1'";
  CHECK(api.call("RunTask", fake + "}")["__type"] == "InvalidParameterException");
  CHECK(api.call("StartTask", fake + ",'containerInstances':['" + arn + "']}")["__type"] ==
        "InvalidParameterException");
  CHECK(api.call("ListTasks", "{}")["taskArns"].empty());
}

TEST_CASE("a task in awsvpc mode is provisioned with an address of its own") {
  TaskBench api;
  api.add_instance();
  api.call("RegisterTaskDefinition",
           "{'family':'net','networkMode':'awsvpc','containerDefinitions':["
           "{'name':'a','image':'i','memory':64}]}");
  const Json run = api.call("RunTask",
                            "{'taskDefinition':'net','networkConfiguration':{"
                            "'awsvpcConfiguration':{'subnets':['s-1']}},"
                            "'propagateTags':'TASK_DEFINITION','tags':["
                            "{'key':'k','value':'v'}]}");
  REQUIRE_MESSAGE(run.contains("tasks"), run.dump());
  CHECK(run["tasks"][0]["lastStatus"] == "PROVISIONING");
  CHECK(run["tasks"][0]["attachments"][0]["status"] == "PRECREATED");
  CHECK(run["tasks"][0]["tags"] == quoted("[{'key':'k','value':'v'}]"));
  api.settle();

  const Json task = api.describe_task(run["tasks"][0]["taskArn"].get<std::string>());

  CHECK(task["lastStatus"] == "RUNNING");
  CHECK(task["attachments"][0]["status"] == "ATTACHED");
  CHECK(task["containers"][0]["networkInterfaces"].size() == 1);
}

TEST_CASE("an instance with tasks goes only by force, and stops them") {
  TaskBench api;
  const std::string instance = api.add_instance();
  const auto task =
      api.call("RunTask", "{'taskDefinition':'web'}")["tasks"][0]["taskArn"].get<std::string>();
  CHECK(api.call("DeregisterContainerInstance",
                 "{'containerInstance':'" + instance + "'}")["message"] ==
        "Found running tasks on the instance.");

  api.call("DeregisterContainerInstance", "{'containerInstance':'" + instance + "','force':true}");

  CHECK(api.describe_task(task)["lastStatus"] == "STOPPED");
  CHECK(api.describe_task(task)["stoppedReason"] ==
        "Container instance deregistration forced by user");
  CHECK(api.call("DescribeClusters", "{}")["clusters"][0]["pendingTasksCount"] == 0);
}

TEST_CASE("an instance that lives and goes by force drains its targets first") {
  TaskBench api;
  const std::string instance = api.add_instance();
  const auto arn =
      api.call("RunTask", "{'taskDefinition':'web'}")["tasks"][0]["taskArn"].get<std::string>();
  const std::string id = arn.substr(arn.rfind('/') + 1);
  const auto task = [&]() -> const Kept<Task>& {
    return api.state.scope(api.scope).clusters.at("default").tasks.at(id);
  };
  const auto change = [&](const Task& to) {
    Proposal proposal;
    proposal.put(task_key(api.scope, "default", id), to, task().revision);
    REQUIRE(api.make(proposal));
  };
  Task serving = task().value;
  serving.last_status = TaskStatus::kRunning;
  serving.targets = TaskTargets{.load_balancers = {{.target_group_arn = "arn"}}};
  change(serving);
  const std::string force = "{'containerInstance':'" + instance + "','force':true}";

  for (int i = 0; i < 2; ++i) {
    CHECK(api.call("DeregisterContainerInstance", force)["containerInstance"]["status"] ==
          "DEREGISTERING");
  }
  const Json activated = api.call("UpdateContainerInstancesState",
                                  "{'status':'ACTIVE','containerInstances':['" + instance + "']}");
  CHECK(activated["containerInstances"].empty());
  CHECK(activated["failures"] == quoted("[{'arn':'" + instance + "','reason':'INACTIVE'}]"));

  CHECK(is_draining(task().value));
  CHECK(plan_gone_instances(api.state).changes.empty());
  change(stopped_unheard(task().value, "drained", api.now));
  REQUIRE(api.make(plan_gone_instances(api.state)));
  CHECK(api.call("ListContainerInstances", "{}")["containerInstanceArns"].empty());
}

TEST_CASE("an instance whose tasks change at every moment loses fewer of them at a time") {
  TaskBench api;
  const std::string instance = api.add_instance(8192);
  api.call("RunTask", "{'taskDefinition':'web','count':10}");
  const std::string force = "{'containerInstance':'" + instance + "','force':true}";
  api.losses = 50;
  api.most_proposed = 0;

  CHECK(api.call("DeregisterContainerInstance", force)["containerInstance"]["status"] ==
        "INACTIVE");

  // The last of them together with the instance.
  CHECK(api.most_proposed == 2);
  CHECK(api.call("ListTasks", "{}")["taskArns"].empty());
}

TEST_CASE("overrides have at most 8192 characters, with their JSON") {
  TaskBench api;
  api.add_instance();
  const Json empty = quoted("{'containerOverrides':[{'command':[''],'name':'a'}]}");
  const auto run = [&](const std::string& argument) {
    Json overrides = empty;
    overrides["containerOverrides"][0]["command"][0] = argument;
    const Json body = {{"taskDefinition", "web"}, {"overrides", overrides}};
    return api.call("RunTask", body.dump());
  };
  const size_t room = 8192 - empty.dump().size();

  CHECK_FALSE(run(std::string(room, 'x')).contains("__type"));
  const Json refused = run(std::string(room + 1, 'x'));
  CHECK(refused["__type"] == "InvalidParameterException");
  CHECK(refused["message"] == "Container Overrides length must be at most 8192");
  CHECK_FALSE(
      run(std::string(room - 100, 'x') + "\u00e9" + std::string(99, 'x')).contains("__type"));
  CHECK(run(std::string(room / 2 + 1, '"')).contains("__type"));
}

TEST_CASE("tasks are listed by what they are") {
  TaskBench api;
  const std::string instance = api.add_instance();
  api.call("RunTask", "{'taskDefinition':'web','count':3,'startedBy':'a','group':'g'}");
  api.call("RunTask", "{'taskDefinition':'web','startedBy':'b'}");
  const auto count = [&](const std::string& body) {
    return api.call("ListTasks", "{" + body + "}")["taskArns"].size();
  };
  CHECK(count("") == 4);
  CHECK(count("'startedBy':'a'") == 3);
  CHECK(count("'family':'web'") == 4);
  CHECK(count("'family':'db'") == 0);
  CHECK(count("'containerInstance':'" + instance + "'") == 4);
  CHECK(count("'containerInstance':'other'") == 0);
  CHECK(count("'launchType':'EC2'") == 4);
  CHECK(api.call("ListTasks", "{'serviceName':'s'}")["__type"] == "ServiceNotFoundException");
  CHECK(count("'maxResults':3") == 3);
}

}  // namespace
}  // namespace ikada
