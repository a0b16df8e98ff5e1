#include "cluster/model/cluster.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("a new cluster has containerInsights disabled") {
  const auto settings = cluster_settings_with({}, {});
  REQUIRE(settings);
  REQUIRE(settings->size() == 1);
  CHECK((*settings)[0].name == "containerInsights");
  CHECK((*settings)[0].value == "disabled");
  CHECK((*cluster_settings_with(*settings, {{"containerInsights", "enhanced"}}))[0].value ==
        "enhanced");
  CHECK_FALSE(cluster_settings_with({}, {{"containerInsights", "on"}}));
  CHECK_FALSE(cluster_settings_with({}, {{"other", "enabled"}}));
}

TEST_CASE("a strategy names providers of the cluster") {
  Cluster cluster{.name = "web", .capacity_providers = {"FARGATE"}};
  cluster.default_capacity_provider_strategy = {
      {.capacity_provider = "FARGATE", .weight = 1, .base = {}}};
  CHECK(check_cluster(cluster));

  cluster.default_capacity_provider_strategy[0].weight = 1001;
  CHECK_FALSE(check_cluster(cluster));
  cluster.default_capacity_provider_strategy[0] = {
      .capacity_provider = "other", .weight = {}, .base = {}};
  CHECK_FALSE(check_cluster(cluster));
}

TEST_CASE("a cluster comes back from JSON as it was") {
  const char* text =
      R"({"capacityProviders":[],"clusterName":"web","configuration":{"executeCommand)"
      R"(Configuration":{"logConfiguration":{"s3BucketName":"b"},"logging":"OVERRIDE"}},)"
      R"("defaultCapacityProviderStrategy":[],"serviceConnectDefaults":{"namespace":"ns"},)"
      R"("settings":[{"name":"containerInsights","value":"enabled"}],"status":"ACTIVE",)"
      R"("tags":[{"key":"k","value":"v"}]})";

  const Result<Cluster> cluster = from_json<Cluster>(*parse_json(text), "cluster");

  REQUIRE(cluster);
  CHECK(check_cluster(*cluster));
  CHECK(to_json(*cluster).dump() == text);
}

}  // namespace
}  // namespace ikada
