#include "cluster/node/name_news.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

const Scope kScope{.account = "000000000000", .region = "local"};

struct World {
  World() {
    scope.scope = kScope;
    scope.nodes["n"] = {.value = {.id = "n", .address = "192.0.2.1", .instance = "n"},
                        .revision = 1};
    scope.nodes["m"] = {.value = {.id = "m", .address = "192.0.2.2", .instance = "other"},
                        .revision = 1};
    TaskDefinition definition;
    definition.network_mode = "bridge";
    ContainerDefinition container;
    container.name = "app";
    container.port_mappings.push_back({.container_port = 80, .protocol = "tcp", .name = "http"});
    definition.container_definitions.push_back(container);
    set_definition(definition);
  }

  void set_definition(const TaskDefinition& definition) {
    scope.families["web"].revisions[1] = {.value = definition, .revision = 1};
  }

  Task& task(const std::string& id) { return scope.clusters["default"].tasks[id].value; }

  Task& run(const std::string& id, const std::string& instance) {
    Task& made = task(id);
    made.id = id;
    made.cluster = "default";
    made.family = "web";
    made.revision = 1;
    made.group = "service:web";
    made.container_instance = instance;
    made.last_status = TaskStatus::kRunning;
    TaskContainer container{.name = "app"};
    container.network_bindings.push_back(
        {.container_port = 80, .host_port = 32768, .protocol = "tcp"});
    made.containers = {container};
    return made;
  }

  NameChanges change(const std::string& id) {
    return take_name_changes(scope, task_key(kScope, "default", id), told);
  }

  ScopeState scope;
  NameEntries told;
};

TEST_CASE("a task has names at its host's address, or at its own") {
  World world;
  world.run("t", "n");
  world.run("u", "other").group = "family:web";

  const NameEntries entries = name_entries(world.scope);

  REQUIRE(entries.size() == 2);
  CHECK(entries.at("t") ==
        NameEntry{.names = {"web.default", "t.default"},
                  .address = "192.0.2.1",
                  .ports = {{.name = "http", .container_port = 80, .port = 32768}}});
  CHECK(entries.at("u").names == std::vector<std::string>{"u.default"});
  CHECK(entries.at("u").address == "192.0.2.2");

  TaskDefinition definition = world.scope.families["web"].revisions[1].value;
  definition.network_mode = "awsvpc";
  world.set_definition(definition);
  CHECK(!name_entry(world.scope, "default", world.task("t")).has_value());
  world.task("t").containers[0].network_interfaces.push_back(
      {.private_ipv4_address = "10.120.0.5"});
  const auto own = name_entry(world.scope, "default", world.task("t"));
  REQUIRE(own.has_value());
  CHECK(own->address == "10.120.0.5");
  CHECK(own->ports[0].port == 80);
  definition.network_mode = "none";
  world.set_definition(definition);
  CHECK(!name_entry(world.scope, "default", world.task("t")).has_value());
}

TEST_CASE("a task that does not run, is told to stop, or is not well has none") {
  World world;
  const auto is_named = [&] {
    return name_entry(world.scope, "default", world.task("t")).has_value();
  };
  world.run("t", "n");
  CHECK(is_named());
  world.task("t").last_status = TaskStatus::kPending;
  CHECK_FALSE(is_named());
  world.run("t", "n").desired_status = "STOPPED";
  CHECK_FALSE(is_named());
  world.run("t", "n").desired_status = "RUNNING";
  world.task("t").health_status = "UNHEALTHY";
  CHECK_FALSE(is_named());
  world.task("t").health_status = "HEALTHY";
  CHECK(is_named());
  TaskDefinition definition = world.scope.families["web"].revisions[1].value;
  definition.container_definitions[0].health_check = HealthCheck{};
  world.set_definition(definition);
  CHECK(is_named());
  world.task("t").health_status = "UNKNOWN";
  CHECK_FALSE(is_named());
  definition.container_definitions[0].health_check.reset();
  world.set_definition(definition);
  CHECK(is_named());
  world.task("t").container_instance = "nobody";
  CHECK_FALSE(is_named());
  world.run("t", "n").group = "service:" + std::string(64, 'x');
  CHECK(name_entry(world.scope, "default", world.task("t"))->names.size() == 1);
}

TEST_CASE("what is told is what has changed") {
  World world;
  world.run("t", "n");
  const NameChanges first = world.change("t");
  REQUIRE(first.size() == 1);
  CHECK(first.at("t").has_value());
  CHECK(world.change("t").empty());
  CHECK(take_name_changes(world.scope, "", world.told).empty());

  world.scope.clusters["default"].instances["n"].record.value.status = "DRAINING";
  const NameChanges draining =
      take_name_changes(world.scope, instance_key(kScope, "default", "n"), world.told);
  REQUIRE(draining.size() == 1);
  CHECK(draining.at("t")->is_draining);

  world.task("t").desired_status = "STOPPED";
  const NameChanges gone = world.change("t");
  REQUIRE(gone.size() == 1);
  CHECK_FALSE(gone.at("t").has_value());
  CHECK(world.told.empty());

  world.run("t", "n").desired_status = "RUNNING";
  CHECK(take_name_changes(world.scope, cluster_key(kScope, "default"), world.told).empty());
  CHECK(take_name_changes(world.scope, "", world.told).size() == 1);
  world.scope.clusters.clear();
  CHECK(world.change("t").size() == 1);
}

TEST_CASE("a load balancer with an address of its own is there alone") {
  World world;
  world.scope.nodes["m"].value.role = "manager";
  world.scope.balancers["web"] = {
      .value = {.name = "web", .id = "0123456789abcdef", .address = "192.0.2.99"}, .revision = 1};

  const NameChanges made = take_name_changes(world.scope, balancer_key(kScope, "web"), world.told);

  REQUIRE(made.size() == 1);
  CHECK(made.begin()->second->address == "192.0.2.99");
}

TEST_CASE("a load balancer's name does not stand for a manager that is lost, drains or goes") {
  World world;
  Node& node = world.scope.nodes["m"].value;
  node.role = "manager";
  node.cluster = "default";
  node.instance = "i";
  ContainerInstance& instance = world.scope.clusters["default"].instances["i"].record.value;
  instance = {.status = "ACTIVE", .agent_connected = true};
  world.scope.balancers["web"] = {.value = {.name = "web", .id = "0123456789abcdef"},
                                  .revision = 1};
  const auto is_draining = [&] {
    const NameEntries entries = name_entries(world.scope);
    REQUIRE(entries.size() == 1);
    return entries.begin()->second.is_draining;
  };

  CHECK_FALSE(is_draining());
  instance.agent_connected = false;
  CHECK(is_draining());
  instance = {.status = "DRAINING", .agent_connected = true};
  CHECK(is_draining());
  instance.status = "ACTIVE";
  node.wanted_role = "worker";
  CHECK(is_draining());
}

TEST_CASE("a load balancer's name stands for all managers") {
  World world;
  world.scope.nodes["m"].value.role = "manager";
  world.scope.balancers["Web"] = {.value = {.name = "Web", .id = "0123456789abcdef"},
                                  .revision = 1};
  const NameChanges made = take_name_changes(world.scope, balancer_key(kScope, "Web"), world.told);
  REQUIRE(made.size() == 1);
  const NameEntry& entry = *made.begin()->second;
  CHECK(entry.names == std::vector<std::string>{"web-0123456789.local.elb"});
  CHECK(entry.address == "192.0.2.2");
  NameTable table;
  table.set(made.begin()->first, entry);
  Prng prng(1);
  const auto answer = table.answer({.name = "WEB-0123456789.local.elb.ikada", .type = kDnsA}, prng);
  REQUIRE(answer.has_value());
  CHECK(answer->records.size() == 1);
  world.scope.balancers.clear();
  const NameChanges gone = take_name_changes(world.scope, balancer_key(kScope, "Web"), world.told);
  CHECK_FALSE(gone.begin()->second.has_value());
}

TEST_CASE("a host knows what it was told, whole or by changes") {
  World world;
  world.run("t", "n");
  world.run("u", "n");
  NameTable table;
  table.set("old", NameEntry{.names = {"old.default"}, .address = "192.0.2.9"});
  const NameEntries entries = name_entries(world.scope);

  CHECK(*take_name_news(all_names_news(entries), table));
  CHECK(table.entries() == entries);
  NameChanges changes;
  changes["t"] = std::nullopt;
  CHECK(*take_name_news(name_changes_news(changes), table));
  CHECK(table.entries().size() == 1);
  CHECK_FALSE(*take_name_news({.verb = "peer", .body = Json::object()}, table));
  for (const char* body : {R"({})",
                           R"({"entries": 3})",
                           R"({"all": true, "entries": {"x": 3}})",
                           R"({"all": 1, "entries": {}})",
                           R"([])"}) {
    CAPTURE(body);
    CHECK(!take_name_news({.verb = "names", .body = Json::parse(body)}, table).has_value());
  }
  CHECK(table.entries().size() == 1);
}

}  // namespace
}  // namespace ikada
