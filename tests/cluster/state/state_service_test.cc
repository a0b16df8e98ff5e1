#include <doctest/doctest.h>

#include "cluster/state/state.h"

namespace ikada {
namespace {

const Scope kScope{.account = "1", .region = "r"};

template <typename T>
void put(State& state, const std::string& key, const T& record, std::int64_t revision) {
  REQUIRE(state.apply(key, to_json(record).dump(), revision));
}

Task make_task(const char* id, const char* group) {
  Task task{.cluster = "web", .id = id, .family = "f", .revision = 1};
  task.group = group;
  return task;
}

TEST_CASE("a service comes back from its record as it was") {
  Service service{.cluster = "web", .name = "s", .family = "f", .revision = 3};
  service.desired_count = 4;
  service.deployment_configuration.breaker = {.enable = true,
                                              .threshold = {.type = "COUNT", .value = 2}};
  service.deployments = {{.id = "ecs-svc/1", .family = "f", .revision = 3}};
  service.last_completed = service.deployments[0];
  service.placement_strategy = {{.type = "spread", .field = "host"}};
  const Result<Service> again = from_json<Service>(to_json(service), "service");
  REQUIRE(again);
  CHECK(to_json(*again) == to_json(service));
  CHECK(again->deployment_configuration.breaker.threshold.value == 2);
  CHECK_FALSE(to_json(Service{})["deploymentConfiguration"]["deploymentCircuitBreaker"].contains(
      "thresholdConfiguration"));
}

TEST_CASE("a service knows the tasks of its group, whichever came first") {
  State state;
  put(state, cluster_key(kScope, "web"), Cluster{.name = "web"}, 1);
  put(state, task_key(kScope, "web", "a"), make_task("a", "service:s"), 2);
  const ClusterState& cluster = *state.scope(kScope).find_cluster("web");
  CHECK(find_service(cluster, "s") == nullptr);

  put(state, service_key(kScope, "web", "s"), Service{.cluster = "web", .name = "s"}, 3);
  put(state, task_key(kScope, "web", "b"), make_task("b", "service:s"), 4);
  put(state, task_key(kScope, "web", "c"), make_task("c", "family:s"), 5);
  REQUIRE(find_service(cluster, "s") != nullptr);
  CHECK(find_service(cluster, "s")->tasks == std::set<std::string>{"a", "b"});

  REQUIRE(state.apply(task_key(kScope, "web", "a"), std::nullopt, 6));
  CHECK(find_service(cluster, "s")->tasks == std::set<std::string>{"b"});
}

TEST_CASE("a service that is removed is forgotten with its last task and its events") {
  State state;
  put(state, cluster_key(kScope, "web"), Cluster{.name = "web"}, 1);
  const ClusterState& cluster = *state.scope(kScope).find_cluster("web");
  put(state, service_key(kScope, "web", "s"), Service{.cluster = "web", .name = "s"}, 2);
  put(state, service_events_key(kScope, "web", "s"), ServiceEvents{.events = {{.id = "e"}}}, 3);
  put(state, task_key(kScope, "web", "a"), make_task("a", "service:s"), 4);

  REQUIRE(state.apply(service_key(kScope, "web", "s"), std::nullopt, 5));
  CHECK(find_service(cluster, "s") == nullptr);
  CHECK(cluster.services.count("s") == 1);
  REQUIRE(state.apply(service_events_key(kScope, "web", "s"), std::nullopt, 6));
  REQUIRE(state.apply(task_key(kScope, "web", "a"), std::nullopt, 7));
  CHECK(cluster.services.empty());
}

}  // namespace
}  // namespace ikada
