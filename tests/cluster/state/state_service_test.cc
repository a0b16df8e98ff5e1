#include <map>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "cluster/state/state.h"
#include "runtime/base/prng.h"

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

std::string tasks_of(const ClusterState& cluster, const char* service) {
  std::string ids;
  for (const TaskOfService& each : cluster.services.find(service)->second.tasks) {
    ids += (ids.empty() ? "" : " ") + each.kept->value.id;
  }
  return ids;
}

// Against what all tasks say.
void check_services(const ClusterState& cluster) {
  using Entry = std::pair<const Kept<Task>*, const InstanceState*>;
  std::map<std::string, std::vector<Entry>> expected;
  for (const auto& [id, kept] : cluster.tasks) {
    const auto host = cluster.instances.find(kept.value.container_instance.value_or(""));
    const bool is_there =
        host != cluster.instances.end() && kept.value.last_status != TaskStatus::kStopped;
    expected[*service_of_group(kept.value.group)].emplace_back(&kept,
                                                               is_there ? &host->second : nullptr);
  }
  std::map<std::string, std::vector<Entry>> known;
  for (const auto& [name, service] : cluster.services) {
    for (const TaskOfService& each : service.tasks) {
      known[name].emplace_back(each.kept, each.instance);
    }
  }
  REQUIRE(known == expected);
  REQUIRE(cluster.services.size() == expected.size());
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
  CHECK(tasks_of(cluster, "s") == "a b");

  REQUIRE(state.apply(task_key(kScope, "web", "a"), std::nullopt, 6));
  CHECK(tasks_of(cluster, "s") == "b");
}

TEST_CASE("what a service knows of its tasks is what the tasks say, whatever has changed") {
  Prng prng(1);
  State state;
  put(state, cluster_key(kScope, "web"), Cluster{.name = "web"}, 1);
  const ClusterState& cluster = *state.scope(kScope).find_cluster("web");
  const auto any_of = [&](const char* kind, std::uint32_t count) {
    return fmt::format("{}{}", kind, prng.below(count));
  };
  for (std::int64_t revision = 2; revision < 3000; ++revision) {
    const std::string host = any_of("host", 4);
    const std::string id = any_of("task", 12);
    const std::uint32_t what = prng.below(10);
    if (what == 0) {
      put(state, instance_key(kScope, "web", host), ContainerInstance{.id = host}, revision);
    } else if (what == 1) {
      REQUIRE(state.apply(instance_key(kScope, "web", host), std::nullopt, revision));
    } else if (what < 4) {
      REQUIRE(state.apply(task_key(kScope, "web", id), std::nullopt, revision));
    } else {
      Task task = make_task(id.c_str(), any_of("service:", 3).c_str());
      if (prng.below(4) != 0) task.container_instance = host;
      if (prng.below(4) == 0) task.last_status = TaskStatus::kStopped;
      put(state, task_key(kScope, "web", id), task, revision);
    }
    check_services(cluster);
  }
}

TEST_CASE("a state that is moved keeps its services' tasks") {
  State before;
  put(before, cluster_key(kScope, "web"), Cluster{.name = "web"}, 1);
  put(before, task_key(kScope, "web", "a"), make_task("a", "service:s"), 2);

  const State state = std::move(before);

  check_services(*state.scope(kScope).find_cluster("web"));
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
