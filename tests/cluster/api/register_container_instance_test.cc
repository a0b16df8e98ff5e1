#include <doctest/doctest.h>

#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

const char* const kInstance =
    "{'totalResources':[{'name':'CPU','type':'INTEGER','integerValue':2048},"
    "{'name':'MEMORY','type':'INTEGER','integerValue':4096},"
    "{'name':'PORTS','type':'STRINGSET','stringSetValue':['22']}],"
    "'instanceIdentityDocument':'{\\'instanceId\\':\\'i-1\\',\\'availabilityZone\\':\\'r1a\\'}',"
    "'attributes':[{'name':'disk','value':'ssd'}]}";

std::string register_one(ActionBench& api) {
  const Json answer = api.call("RegisterContainerInstance", kInstance);
  REQUIRE_MESSAGE(answer.contains("containerInstance"), answer.dump());
  return answer["containerInstance"]["containerInstanceArn"].get<std::string>();
}

TEST_CASE("an instance registers itself into the default cluster, which is made for it") {
  ActionBench api;
  const std::string arn = register_one(api);

  const Json described =
      api.call("DescribeContainerInstances", "{'containerInstances':['" + arn + "','none']}");
  const Json& instance = described["containerInstances"][0];

  CHECK(instance["ec2InstanceId"] == "i-1");
  CHECK(instance["status"] == "ACTIVE");
  CHECK(instance["agentConnected"] == true);
  CHECK(instance["remainingResources"] == instance["registeredResources"]);
  CHECK(instance["runningTasksCount"] == 0);
  CHECK_FALSE(instance.contains("isVirtual"));
  CHECK(described["failures"][0]["arn"] == "arn:aws:ecs:r:1:container-instance/default/none");
  CHECK(api.call("DescribeClusters", "{}")["clusters"][0]["registeredContainerInstancesCount"] ==
        1);
  CHECK(api.call("RegisterContainerInstance", "{'cluster':'none'}")["__type"] ==
        "ClusterNotFoundException");
}

TEST_CASE("without virtual instances nobody speaks for it") {
  ActionBench api;
  api.options.virtual_instances = false;
  register_one(api);
  const Json listed = api.call("ListContainerInstances", "{}");

  const Json described = api.call(
      "DescribeContainerInstances",
      "{'containerInstances':['" + listed["containerInstanceArns"][0].get<std::string>() + "']}");

  CHECK(described["containerInstances"][0]["agentConnected"] == false);
}

TEST_CASE("attributes are put, listed and deleted") {
  ActionBench api;
  const std::string arn = register_one(api);
  const std::string target = "'targetType':'container-instance','targetId':'" + arn + "'";

  CHECK(api.call("PutAttributes",
                 "{'attributes':[{'name':'rack','value':'7'," + target +
                     "}]}")["attributes"][0]["targetId"] == arn);
  CHECK(
      api.call(
          "ListAttributes",
          "{'targetType':'container-instance','attributeName':'rack'}")["attributes"][0]["value"] ==
      "7");
  CHECK(api.call("ListAttributes",
                 "{'targetType':'container-instance','attributeName':'disk',"
                 "'attributeValue':'hdd'}")["attributes"]
            .empty());
  CHECK(api.call("DeleteAttributes",
                 "{'attributes':[{'name':'rack'," + target + "}]}")["attributes"][0]["name"] ==
        "rack");
  CHECK(api.call("ListAttributes",
                 "{'targetType':'container-instance','attributeName':'rack'}")["attributes"]
            .empty());
  CHECK(api.call("PutAttributes", "{'attributes':[{'name':'a','targetId':'none'}]}")["__type"] ==
        "TargetNotFoundException");
  CHECK(api.call("PutAttributes", "{'attributes':[{'name':'a b'," + target + "}]}")["__type"] ==
        "InvalidParameterException");
}

TEST_CASE("attributes that ECS itself sets are nobody's to put or delete") {
  ActionBench api;
  const std::string target = "'targetId':'" + register_one(api) + "'";
  for (const char* action : {"PutAttributes", "DeleteAttributes"}) {
    for (const char* name : {"ecs.os-type", "com.amazonaws.ecs.capability.x"}) {
      const Json refused = api.call(
          action, fmt::format("{{'attributes':[{{'name':'{}','value':'w',{}}}]}}", name, target));
      CHECK(refused["__type"] == "InvalidParameterException");
      CHECK(refused["message"].get<std::string>().ends_with(fmt::format("reserved: '{}'.", name)));
    }
  }
  CHECK_FALSE(api.call("PutAttributes", "{'attributes':[{'name':'ecsx.a'," + target + "}]}")
                  .contains("__type"));
}

TEST_CASE("an instance has at most ten attributes of one's own") {
  ActionBench api;
  const std::string arn = register_one(api);
  std::string refusal;
  for (int i = 0; i < 10; ++i) {
    const Json put = api.call("PutAttributes",
                              fmt::format("{{'attributes':[{{'name':'a{}',"
                                          "'targetId':'{}'}}]}}",
                                          i,
                                          arn));
    refusal = put.value("__type", "");
    if (i < 9) CHECK(refusal == "");
  }
  CHECK(refusal == "AttributeLimitExceededException");
}

TEST_CASE("instances are drained, filtered and deregistered") {
  ActionBench api;
  const std::string first = register_one(api);
  const std::string second = register_one(api);

  const Json drained = api.call("UpdateContainerInstancesState",
                                "{'status':'DRAINING','containerInstances':['" + first + "','x']}");

  CHECK(drained["containerInstances"][0]["status"] == "DRAINING");
  CHECK(drained["containerInstances"][0]["version"] == 2);
  CHECK(drained["failures"].size() == 1);
  CHECK(api.call("ListContainerInstances", "{'status':'DRAINING'}")["containerInstanceArns"] ==
        Json::array({first}));
  CHECK(api.call("ListContainerInstances",
                 "{'filter':'attribute:disk == ssd'}")["containerInstanceArns"]
            .size() == 2);
  CHECK(api.call("ListContainerInstances", "{'filter':'attribute:disk =='}")["__type"] ==
        "InvalidParameterException");
  CHECK(api.call("UpdateContainerInstancesState",
                 "{'status':'INACTIVE','containerInstances':['" + first + "']}")["__type"] ==
        "InvalidParameterException");

  CHECK(api.call("DeregisterContainerInstance",
                 "{'containerInstance':'" + second + "'}")["containerInstance"]["status"] ==
        "INACTIVE");
  CHECK(api.call("ListContainerInstances", "{}")["containerInstanceArns"].size() == 1);
  CHECK(
      api.call("DeregisterContainerInstance", "{'containerInstance':'" + second + "'}")["__type"] ==
      "InvalidParameterException");
}

}  // namespace
}  // namespace ikada
