#include <doctest/doctest.h>

#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

TEST_CASE("clusters, task definitions and instances are tagged by ARN") {
  ActionBench api;
  api.call("CreateCluster", "{'clusterName':'web'}");
  api.call("RegisterTaskDefinition",
           "{'family':'f','containerDefinitions':[{'name':'a','image':'i','memory':64}]}");
  const Json registered = api.call("RegisterContainerInstance", "{'cluster':'web'}");
  const auto instance = registered["containerInstance"]["containerInstanceArn"].get<std::string>();
  for (const std::string& arn : {std::string("arn:aws:ecs:r:1:cluster/web"),
                                 std::string("arn:aws:ecs:r:1:task-definition/f:1"),
                                 instance}) {
    CAPTURE(arn);
    const std::string resource = "{'resourceArn':'" + arn + "'";
    CHECK(api.call("TagResource",
                   resource + ",'tags':[{'key':'a','value':'1'},"
                              "{'key':'b','value':'2'}]}") == Json::object());
    CHECK(api.call("UntagResource", resource + ",'tagKeys':['a','none']}") == Json::object());
    CHECK(api.call("ListTagsForResource", resource + "}") ==
          quoted("{'tags':[{'key':'b','value':'2'}]}"));
  }
}

TEST_CASE("what is not there or not ours cannot be tagged") {
  ActionBench api;
  api.call("CreateCluster", "{'clusterName':'web'}");
  const auto refusal = [&](const char* arn) {
    return api.call("TagResource", fmt::format("{{'resourceArn':'{}','tags':[]}}", arn))["__type"]
        .get<std::string>();
  };
  CHECK(refusal("web") == "InvalidParameterException");
  CHECK(refusal("arn:aws:ecs:other:1:cluster/web") == "InvalidParameterException");
  CHECK(refusal("arn:aws:s3:r:1:bucket") == "InvalidParameterException");
  CHECK(refusal("arn:aws:ecs:r:1:cluster/none") == "ClusterNotFoundException");
  CHECK(refusal("arn:aws:ecs:r:1:task-definition/f:1") == "ResourceNotFoundException");
  CHECK(refusal("arn:aws:ecs:r:1:task/web/0") == "ResourceNotFoundException");
  CHECK(api.call("TagResource",
                 "{'resourceArn':'arn:aws:ecs:r:1:cluster/web','tags':["
                 "{'key':'aws:x','value':''}]}")["__type"] == "InvalidParameterException");
}

}  // namespace
}  // namespace ikada
