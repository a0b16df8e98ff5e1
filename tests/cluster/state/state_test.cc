#include "cluster/state/state.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

const Scope kScope{.account = "1", .region = "r"};

template <typename T>
void put(State& state, const std::string& key, const T& record, std::int64_t revision) {
  REQUIRE(state.apply(key, to_json(record).dump(), revision));
}

Task make_task(const char* id, const char* instance, TaskStatus status) {
  Task task{.cluster = "web", .id = id, .family = "f", .revision = 1};
  task.container_instance = instance;
  task.last_status = status;
  task.reservation = {.cpu_units = 10, .memory_mib = 64, .tcp_ports = {80}};
  return task;
}

TEST_CASE("a record is there with its revision until it is removed") {
  State state;
  CHECK(state.scope(kScope).find_cluster("web") == nullptr);

  put(state, cluster_key(kScope, "web"), Cluster{.name = "web"}, 5);
  REQUIRE(state.scope(kScope).find_cluster("web") != nullptr);
  CHECK(state.scope(kScope).find_cluster("web")->record.revision == 5);
  CHECK(state.scope({"1", "other"}).find_cluster("web") == nullptr);
  CHECK(state.scope({"2", "r"}).find_cluster("web") == nullptr);

  REQUIRE(state.apply(cluster_key(kScope, "web"), std::nullopt, 6));
  CHECK(state.scope(kScope).find_cluster("web") == nullptr);
}

TEST_CASE("what is no record is refused and changes nothing") {
  State state;
  put(state, cluster_key(kScope, "web"), Cluster{.name = "web"}, 1);
  put(state, task_key(kScope, "web", "t"), make_task("t", "i", TaskStatus::kRunning), 2);

  CHECK_FALSE(state.apply(cluster_key(kScope, "web"), "{", 3));
  CHECK_FALSE(state.apply(cluster_key(kScope, "web"), R"({"clusterName":1})", 3));
  CHECK_FALSE(state.apply(task_key(kScope, "web", "t"), "[]", 3));
  CHECK(state.apply("somebody/else", "{", 3));

  CHECK(state.scope(kScope).find_cluster("web")->record.revision == 1);
  CHECK(state.scope(kScope).find_cluster("web")->running_tasks == 1);
}

TEST_CASE("tasks are accounted on their instance and in their cluster until they are STOPPED") {
  State state;
  put(state, cluster_key(kScope, "web"), Cluster{.name = "web"}, 1);
  put(state, instance_key(kScope, "web", "i"), ContainerInstance{.cluster = "web", .id = "i"}, 2);
  put(state, task_key(kScope, "web", "a"), make_task("a", "i", TaskStatus::kPending), 3);
  put(state, task_key(kScope, "web", "b"), make_task("b", "i", TaskStatus::kRunning), 4);

  const ClusterState& cluster = *state.scope(kScope).find_cluster("web");
  const InstanceState& instance = cluster.instances.at("i");
  CHECK(cluster.pending_tasks == 1);
  CHECK(cluster.running_tasks == 1);
  CHECK(instance.running_tasks == 1);
  CHECK(instance.reserved.cpu_units == 20);
  CHECK(instance.reserved.memory_mib == 128);
  CHECK(instance.reserved.tcp_ports == std::vector<std::string>{"80", "80"});

  put(state, task_key(kScope, "web", "a"), make_task("a", "i", TaskStatus::kRunning), 5);
  CHECK(cluster.pending_tasks == 0);
  CHECK(cluster.running_tasks == 2);
  CHECK(instance.reserved.cpu_units == 20);

  put(state, task_key(kScope, "web", "a"), make_task("a", "i", TaskStatus::kStopped), 6);
  CHECK(instance.reserved.cpu_units == 10);
  CHECK(instance.reserved.tcp_ports == std::vector<std::string>{"80"});
  REQUIRE(state.apply(task_key(kScope, "web", "a"), std::nullopt, 7));
  REQUIRE(state.apply(task_key(kScope, "web", "b"), std::nullopt, 8));
  CHECK(instance.reserved.memory_mib == 0);
  CHECK(cluster.running_tasks == 0);
  CHECK(cluster.tasks.empty());
}

TEST_CASE("a removed instance stays as long as a task names it") {
  State state;
  put(state, cluster_key(kScope, "web"), Cluster{.name = "web"}, 1);
  put(state, instance_key(kScope, "web", "i"), ContainerInstance{.cluster = "web", .id = "i"}, 2);
  put(state, task_key(kScope, "web", "a"), make_task("a", "i", TaskStatus::kRunning), 3);
  const ClusterState& cluster = *state.scope(kScope).find_cluster("web");

  REQUIRE(state.apply(instance_key(kScope, "web", "i"), std::nullopt, 4));
  CHECK(cluster.instances.at("i").record.revision == 0);
  REQUIRE(state.apply(task_key(kScope, "web", "a"), std::nullopt, 5));
  CHECK(cluster.instances.empty());
}

TEST_CASE("open instances are counted by their zones") {
  State state;
  put(state, cluster_key(kScope, "web"), Cluster{.name = "web"}, 1);
  const ClusterState& cluster = *state.scope(kScope).find_cluster("web");
  using Counts = ByName<std::int32_t>;
  ContainerInstance host{.cluster = "web", .id = "i"};
  const auto put_host = [&] {
    put(state, instance_key(kScope, "web", host.id), host, state.revision() + 1);
  };

  put_host();
  CHECK(cluster.open_instances == Counts{{"", 1}});
  host.attributes = {{.name = "ecs.availability-zone", .value = "a"}};
  put_host();
  CHECK(cluster.open_instances == Counts{{"a", 1}});
  host.id = "j";
  put_host();
  put_host();
  CHECK(cluster.open_instances == Counts{{"a", 2}});
  CHECK_FALSE(state.apply(instance_key(kScope, "web", "j"), "[]", 9));
  CHECK(cluster.open_instances == Counts{{"a", 2}});
  host.status = "DRAINING";
  put_host();
  CHECK(cluster.open_instances == Counts{{"a", 1}});
  host.status = "ACTIVE";
  host.agent_connected = false;
  put_host();
  CHECK(cluster.open_instances == Counts{{"a", 1}});

  put(state, task_key(kScope, "web", "t"), make_task("t", "i", TaskStatus::kRunning), 10);
  put(state, task_key(kScope, "web", "u"), make_task("u", "k", TaskStatus::kRunning), 10);
  REQUIRE(state.apply(instance_key(kScope, "web", "i"), std::nullopt, 11));
  CHECK(cluster.instances.count("i") == 1);
  CHECK(cluster.open_instances.empty());
}

TEST_CASE("groups are in use as long as a listener of a balancer forwards to them") {
  State state;
  const auto forward = [](const char* group) {
    return ListenerAction{.type = "forward", .groups = {{.target_group = group}}};
  };
  Listener listener{.balancer = "lb", .id = "1", .default_actions = {forward("web")}};
  listener.rules.push_back({.id = "r", .actions = {forward("api")}});
  put(state, listener_key(kScope, "lb", "1"), listener, 2);
  const auto in_use = [&] {
    std::string names;
    for (const auto& [name, count] : state.scope(kScope).groups_in_use) names += name + " ";
    return names;
  };
  CHECK(in_use() == "");

  put(state, balancer_key(kScope, "lb"), LoadBalancer{.name = "lb"}, 3);
  CHECK(in_use() == "api web ");
  put(state, balancer_key(kScope, "lb"), LoadBalancer{.name = "lb"}, 4);
  listener.id = "2";
  listener.rules.clear();
  put(state, listener_key(kScope, "lb", "2"), listener, 5);
  REQUIRE(state.apply(listener_key(kScope, "lb", "1"), std::nullopt, 6));
  CHECK(in_use() == "web ");
  REQUIRE(state.apply(balancer_key(kScope, "lb"), std::nullopt, 7));
  CHECK(in_use() == "");
}

TEST_CASE("a family without a revision is its newest ACTIVE definition") {
  State state;
  for (std::int32_t revision = 1; revision <= 11; ++revision) {
    put(state,
        definition_key(kScope, "f", revision),
        TaskDefinition{
            .family = "f", .revision = revision, .status = revision == 11 ? "INACTIVE" : "ACTIVE"},
        revision);
  }
  const ScopeState& scope = state.scope(kScope);
  CHECK(scope.find_definition({.family = "f", .revision = {}})->value.revision == 10);
  CHECK(scope.find_definition({.family = "f", .revision = 11})->value.status == "INACTIVE");
  CHECK(scope.find_definition({.family = "f", .revision = 12}) == nullptr);
  CHECK(scope.find_definition({.family = "g", .revision = {}}) == nullptr);
}

}  // namespace
}  // namespace ikada
