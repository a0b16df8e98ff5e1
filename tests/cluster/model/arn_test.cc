#include "cluster/model/arn.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

const Scope kScope{.account = "123456789012", .region = "eu-west-1"};

TEST_CASE("ARNs have the long format") {
  CHECK(cluster_arn(kScope, "web") == "arn:aws:ecs:eu-west-1:123456789012:cluster/web");
  CHECK(task_arn(kScope, "web", "0a1b") == "arn:aws:ecs:eu-west-1:123456789012:task/web/0a1b");
  CHECK(container_instance_arn(kScope, "web", "0a1b") ==
        "arn:aws:ecs:eu-west-1:123456789012:container-instance/web/0a1b");
  CHECK(task_definition_arn(kScope, "nginx", 7) ==
        "arn:aws:ecs:eu-west-1:123456789012:task-definition/nginx:7");
  CHECK(container_arn(kScope, "web", "0a1b", "c1") ==
        "arn:aws:ecs:eu-west-1:123456789012:container/web/0a1b/c1");
}

TEST_CASE("an ARN is taken apart") {
  const Result<Arn> arn = parse_arn("arn:aws:ecs:eu-west-1:123456789012:task/web/a:b");

  REQUIRE(arn.has_value());
  CHECK(arn->service == "ecs");
  CHECK(arn->scope == kScope);
  CHECK(arn->resource == "task/web/a:b");
}

TEST_CASE("what is no ARN is refused") {
  for (const char* text : {"",
                           "web",
                           "arn:aws:ecs",
                           "arn:aws:ecs:r:1:",
                           "xrn:aws:ecs:r:1:cluster/x",
                           "arn:other:ecs:r:1:cluster/x"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_arn(text).has_value());
  }
}

TEST_CASE("a cluster is named by nothing, its name or its ARN") {
  CHECK(cluster_name_of("", kScope) == "default");
  CHECK(cluster_name_of("web", kScope) == "web");
  CHECK(cluster_name_of(cluster_arn(kScope, "web"), kScope) == "web");
  CHECK_FALSE(cluster_name_of(cluster_arn({"123456789012", "us-east-1"}, "web"), kScope));
  CHECK_FALSE(cluster_name_of(cluster_arn({"210987654321", "eu-west-1"}, "web"), kScope));
  CHECK_FALSE(cluster_name_of(task_arn(kScope, "web", "1"), kScope));
}

TEST_CASE("a task is named by its id, its ARN or the old ARN without a cluster") {
  CHECK(id_of("0a", "task", kScope, "web") == "0a");
  CHECK(id_of(task_arn(kScope, "web", "0a"), "task", kScope, "web") == "0a");
  CHECK(id_of("arn:aws:ecs:eu-west-1:123456789012:task/0a", "task", kScope, "web") == "0a");
  CHECK_FALSE(id_of(task_arn(kScope, "other", "0a"), "task", kScope, "web"));
  CHECK_FALSE(id_of(container_instance_arn(kScope, "web", "0a"), "task", kScope, "web"));
}

TEST_CASE("a task definition is named by family, family and revision, or ARN") {
  CHECK(task_definition_name_of("web", kScope)->family == "web");
  CHECK_FALSE(task_definition_name_of("web", kScope)->revision);
  CHECK(task_definition_name_of("web:12", kScope)->revision == 12);
  const auto name = task_definition_name_of(task_definition_arn(kScope, "web", 3), kScope);
  REQUIRE(name);
  CHECK(name->family == "web");
  CHECK(name->revision == 3);
  for (const char* text : {"web:", "web:x", "web:-1", "web:1:2", "web:99999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(task_definition_name_of(text, kScope));
  }
}

}  // namespace
}  // namespace ikada
