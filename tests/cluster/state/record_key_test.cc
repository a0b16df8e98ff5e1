#include "cluster/state/record_key.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

const Scope kScope{.account = "1", .region = "r"};

TEST_CASE("keys say account, region, kind and names") {
  CHECK(cluster_key(kScope, "web") == "ecs/1/r/cluster/web");
  CHECK(instance_key(kScope, "web", "i") == "ecs/1/r/instance/web/i");
  CHECK(family_key(kScope, "f") == "ecs/1/r/family/f");
  CHECK(definition_key(kScope, "f", 12) == "ecs/1/r/definition/f/0000000012");
  CHECK(task_key(kScope, "web", "t") == "ecs/1/r/task/web/t");
  CHECK(token_key(kScope, "web", "0a") == "ecs/1/r/token/web/0a");
  CHECK(setting_key(kScope, "p", "n") == "ecs/1/r/setting/p/n");
  CHECK(node_key(kScope, "n") == "ecs/1/r/node/n");
  CHECK(grant_key(kScope, "worker") == "ecs/1/r/grant/worker");
  CHECK(network_key(kScope) == "ecs/1/r/network/tasks");
  CHECK(parse_record_key(network_key(kScope))->kind == RecordKind::kNetwork);
  CHECK(balancer_key(kScope, "web") == "ecs/1/r/balancer/web");
  CHECK(parse_record_key(balancer_key(kScope, "web"))->kind == RecordKind::kBalancer);
  CHECK(listener_key(kScope, "web", "0a") == "ecs/1/r/listener/web/0a");
  CHECK(parse_record_key(listener_key(kScope, "web", "0a"))->second == "0a");
  CHECK(target_group_key(kScope, "g") == "ecs/1/r/target-group/g");
  CHECK(parse_record_key(target_group_key(kScope, "g"))->kind == RecordKind::kTargetGroup);
  CHECK(secret_key(kScope, "/prod/db") == "ecs/1/r/secret/%prod%db");
  CHECK(parse_record_key(secret_key(kScope, "/prod/db"))->kind == RecordKind::kSecret);
  CHECK(log_group_key(kScope, "/ecs/web") == "ecs/1/r/log-group/%ecs%web");
  CHECK(parse_record_key(log_group_key(kScope, "/ecs/web"))->kind == RecordKind::kLogGroup);
  CHECK(listener_port_key(kScope, 80) == "ecs/1/r/listener-port/80");
  CHECK(parse_record_key(listener_port_key(kScope, 80))->kind == RecordKind::kListenerPort);
}

TEST_CASE("keys are read back") {
  const auto key = parse_record_key(task_key(kScope, "web", "t"));
  REQUIRE(key);
  CHECK(key->kind == RecordKind::kTask);
  CHECK(key->scope == kScope);
  CHECK(key->first == "web");
  CHECK(key->second == "t");
  CHECK(parse_record_key(cluster_key(kScope, "web"))->second == "");
}

TEST_CASE("other keys are none") {
  for (const char* text : {"",
                           "leader",
                           "ecs/1/r/cluster",
                           "ecs/1/r/cluster/a/b",
                           "ecs/1/r/task/web",
                           "ecs/1/r/thing/a/b",
                           "other/1/r/cluster/web"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_record_key(text));
  }
}

}  // namespace
}  // namespace ikada
