#include <doctest/doctest.h>

#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

const char* const kDefinition =
    "{'family':'web','containerDefinitions':[{'name':'a','image':'i','memory':64,"
    "'portMappings':[{'containerPort':80}]}],'tags':[{'key':'k','value':'v'}]}";

TEST_CASE("revisions of a family count up and are never used again") {
  ActionBench api;
  CHECK(api.call("RegisterTaskDefinition", kDefinition)["taskDefinition"]["revision"] == 1);
  const Json second = api.call("RegisterTaskDefinition", kDefinition);
  CHECK(second["taskDefinition"]["taskDefinitionArn"] == "arn:aws:ecs:r:1:task-definition/web:2");
  CHECK(second["tags"][0]["key"] == "k");
  api.call("DeregisterTaskDefinition", "{'taskDefinition':'web:2'}");

  CHECK(api.call("RegisterTaskDefinition", kDefinition)["taskDefinition"]["revision"] == 3);
}

TEST_CASE("what was registered is described with defaults and what was computed") {
  ActionBench api;
  api.call("RegisterTaskDefinition", kDefinition);

  const Json plain = api.call("DescribeTaskDefinition", "{'taskDefinition':'web'}");
  const Json& definition = plain["taskDefinition"];

  CHECK(definition["status"] == "ACTIVE");
  CHECK(definition["registeredAt"] == 1'700'000'000.0);
  CHECK(definition["registeredBy"] == "arn:aws:iam::1:root");
  CHECK(definition["compatibilities"] == Json::array({"EXTERNAL", "EC2"}));
  CHECK(definition["requiresAttributes"][0]["name"] ==
        "com.amazonaws.ecs.capability.docker-remote-api.1.18");
  CHECK(definition["containerDefinitions"][0]["portMappings"] ==
        quoted("[{'containerPort':80,'hostPort':0,'protocol':'tcp'}]"));
  CHECK_FALSE(plain.contains("tags"));
  CHECK(api.call("DescribeTaskDefinition", "{'taskDefinition':'web:1','include':['TAGS']}")["tags"]
            .size() == 1);
  CHECK(api.call("DescribeTaskDefinition", "{'taskDefinition':'web:2'}") ==
        quoted("{'__type':'ClientException','message':'Unable to describe task definition.'}"));
}

TEST_CASE("definitions and families are listed by status") {
  ActionBench api;
  for (int i = 0; i < 11; ++i) api.call("RegisterTaskDefinition", kDefinition);
  api.call("RegisterTaskDefinition",
           "{'family':'db','containerDefinitions':[{'name':'a','image':'i','memory':64}]}");
  api.call("DeregisterTaskDefinition", "{'taskDefinition':'db:1'}");

  const Json newest = api.call("ListTaskDefinitions", "{'sort':'DESC','maxResults':2}");
  CHECK(newest["taskDefinitionArns"] == Json::array({"arn:aws:ecs:r:1:task-definition/web:11",
                                                     "arn:aws:ecs:r:1:task-definition/web:10"}));
  CHECK(api.call("ListTaskDefinitions", "{'familyPrefix':'we'}")["taskDefinitionArns"].empty());
  CHECK(api.call("ListTaskDefinitions", "{'status':'INACTIVE'}")["taskDefinitionArns"].size() == 1);
  CHECK(api.call("ListTaskDefinitionFamilies", "{}")["families"] == Json::array({"db", "web"}));
  CHECK(api.call("ListTaskDefinitionFamilies",
                 "{'status':'ACTIVE','familyPrefix':'w'}")["families"] == Json::array({"web"}));
  CHECK(api.call("ListTaskDefinitionFamilies", "{'status':'INACTIVE'}")["families"] ==
        Json::array({"db"}));
  CHECK(api.call("ListTaskDefinitions", "{'status':'GONE'}")["__type"] ==
        "InvalidParameterException");
}

TEST_CASE("a definition is deregistered first and deleted then") {
  ActionBench api;
  api.call("RegisterTaskDefinition", kDefinition);
  CHECK(api.call("DeleteTaskDefinitions", "{'taskDefinitions':['web:1','web:9']}")["failures"]
            .size() == 2);
  CHECK(api.call("DeregisterTaskDefinition", "{'taskDefinition':'web'}")["__type"] ==
        "InvalidParameterException");
  const Json inactive = api.call("DeregisterTaskDefinition", "{'taskDefinition':'web:1'}");
  CHECK(inactive["taskDefinition"]["status"] == "INACTIVE");
  CHECK(inactive["taskDefinition"]["deregisteredAt"] == 1'700'000'000.0);
  CHECK(api.call("DeregisterTaskDefinition", "{'taskDefinition':'web:1'}") == inactive);

  const Json deleted = api.call("DeleteTaskDefinitions", "{'taskDefinitions':['web:1']}");

  CHECK(deleted["taskDefinitions"][0]["status"] == "DELETE_IN_PROGRESS");
  CHECK(deleted["failures"].empty());
  CHECK(api.call("DeleteTaskDefinitions", "{'taskDefinitions':[]}")["__type"] ==
        "InvalidParameterException");
}

TEST_CASE("a definition that makes no sense is refused in ECS's words") {
  ActionBench api;
  CHECK(api.call("RegisterTaskDefinition", "{'family':'web','containerDefinitions':[]}") ==
        quoted("{'__type':'ClientException','message':'Container list cannot be empty.'}"));
  CHECK(api.call("RegisterTaskDefinition",
                 "{'family':'w','containerDefinitions':[{'ulimits':[{}]}]}")["message"] ==
        "containerDefinitions[0].ulimits[0].name can not be blank.");
}

}  // namespace
}  // namespace ikada
