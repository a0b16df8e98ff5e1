#include <doctest/doctest.h>

#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

TEST_CASE("creating a cluster twice answers the first") {
  ActionBench api;

  const Json first =
      api.call("CreateCluster", "{'clusterName':'web','tags':[{'key':'a','value':'b'}]}");
  const Json second = api.call("CreateCluster", "{'clusterName':'web'}");

  CHECK(first["cluster"]["clusterArn"] == "arn:aws:ecs:r:1:cluster/web");
  CHECK(first["cluster"]["status"] == "ACTIVE");
  CHECK(first["cluster"]["settings"] ==
        quoted("[{'name':'containerInsights','value':'disabled'}]"));
  CHECK(second == first);
  CHECK(api.call("CreateCluster", "{}")["cluster"]["clusterName"] == "default");
}

TEST_CASE("wrong input is refused by its kind") {
  ActionBench api;
  CHECK(api.call("CreateCluster", "{'clusterName':'a b'}")["__type"] ==
        "InvalidParameterException");
  CHECK(api.call("CreateCluster", "{'clusterName':1}") ==
        quoted("{'__type':'SerializationException',"
               "'message':'request: clusterName: expected a string'}"));
  CHECK(api.call("DeleteCluster", "{}") ==
        quoted("{'__type':'InvalidParameterException','message':'cluster can not be blank.'}"));
  CHECK(api.call("CreateCluster", "{'settings':[{'name':'x','value':'y'}]}")["__type"] ==
        "InvalidParameterException");
}

TEST_CASE("describing shows parts when they are asked for, and what is missing") {
  ActionBench api;
  api.call("CreateCluster", "{'clusterName':'web','tags':[{'key':'a','value':'b'}]}");

  const Json plain = api.call("DescribeClusters", "{'clusters':['web','none']}");
  const Json full = api.call(
      "DescribeClusters",
      "{'clusters':['arn:aws:ecs:r:1:cluster/web'],'include':['TAGS','SETTINGS','STATISTICS']}");

  CHECK(plain["clusters"][0]["tags"].empty());
  CHECK(plain["clusters"][0]["settings"].empty());
  CHECK(plain["failures"] == quoted("[{'arn':'arn:aws:ecs:r:1:cluster/none','reason':'MISSING'}]"));
  CHECK(full["clusters"][0]["tags"][0]["key"] == "a");
  CHECK(full["clusters"][0]["statistics"].size() == 8);
  CHECK(api.call("DescribeClusters", "{'include':['ALL']}")["__type"] ==
        "InvalidParameterException");
  CHECK(api.call("DescribeClusters", "{}")["failures"][0]["arn"] ==
        "arn:aws:ecs:r:1:cluster/default");
}

TEST_CASE("a deleted cluster is INACTIVE, listed no more, and can be created again") {
  ActionBench api;
  api.call("CreateCluster", "{'clusterName':'web'}");

  CHECK(api.call("DeleteCluster", "{'cluster':'web'}")["cluster"]["status"] == "INACTIVE");
  CHECK(api.call("ListClusters", "{}")["clusterArns"].empty());
  CHECK(api.call("DescribeClusters", "{'clusters':['web']}")["clusters"][0]["status"] ==
        "INACTIVE");
  CHECK(api.call("ListTasks", "{'cluster':'web'}") ==
        quoted("{'__type':'ClientException','message':'The referenced cluster was inactive.'}"));
  CHECK(api.call("DeleteCluster", "{'cluster':'none'}")["__type"] == "ClusterNotFoundException");
  CHECK(api.call("CreateCluster", "{'clusterName':'web'}")["cluster"]["status"] == "ACTIVE");
}

TEST_CASE("a cluster with instances or tasks is not deleted") {
  ActionBench api;
  const Json instance = api.call("RegisterContainerInstance",
                                 "{'totalResources':["
                                 "{'name':'CPU','type':'INTEGER','integerValue':1024},"
                                 "{'name':'MEMORY','type':'INTEGER','integerValue':1024}]}");
  CHECK(api.call("DeleteCluster", "{'cluster':'default'}")["__type"] ==
        "ClusterContainsContainerInstancesException");
  api.call("DeregisterContainerInstance",
           "{'containerInstance':'" +
               instance["containerInstance"]["containerInstanceArn"].get<std::string>() + "'}");
  CHECK(api.call("DeleteCluster", "{'cluster':'default'}")["cluster"]["status"] == "INACTIVE");
}

TEST_CASE("a cluster is updated in its settings and configuration") {
  ActionBench api;
  api.call("CreateCluster", "{'clusterName':'web'}");

  const Json updated =
      api.call("UpdateCluster",
               "{'cluster':'web','settings':[{'name':'containerInsights','value':'enabled'}],"
               "'configuration':{'executeCommandConfiguration':{'logging':'NONE'}}}");

  CHECK(updated["cluster"]["settings"][0]["value"] == "enabled");
  CHECK(updated["cluster"]["configuration"]["executeCommandConfiguration"]["logging"] == "NONE");
  CHECK(api.call("UpdateClusterSettings", "{'cluster':'web'}")["message"] ==
        "settings can not be blank.");
  CHECK(api.call("UpdateClusterSettings",
                 "{'cluster':'web','settings':[{'name':'containerInsights','value':'disabled'}]}")
            ["cluster"]["settings"][0]["value"] == "disabled");
}

TEST_CASE("another region has nothing of this one") {
  ActionBench api;
  api.call("CreateCluster", "{'clusterName':'web'}");
  api.scope.region = "other";

  CHECK(api.call("ListClusters", "{}")["clusterArns"].empty());
  CHECK(api.call("CreateCluster", "{'clusterName':'web'}")["cluster"]["clusterArn"] ==
        "arn:aws:ecs:other:1:cluster/web");
}

}  // namespace
}  // namespace ikada
