#include "cluster/service/scale_in.h"

#include <deque>
#include <map>

#include <doctest/doctest.h>

namespace ikada::service {
namespace {

struct Crowd {
  Service service{.name = "web"};
  std::deque<Task> tasks = {};
  std::map<std::string, ContainerInstance> hosts = {};
  std::map<std::string, Amounts> reserved = {};
  ServiceView view{.service = &service, .now = {1'000'000}};

  // With 4096 CPU units and 8192 MiB, of which other tasks hold some.
  void add_host(const char* id, std::int64_t cpu, std::int64_t memory, const char* rack = "") {
    ContainerInstance& host = hosts[id];
    host.registered_resources = {{.name = "CPU", .type = "INTEGER", .integer_value = 4096},
                                 {.name = "MEMORY", .type = "INTEGER", .integer_value = 8192}};
    host.attributes = {{.name = "rack", .value = rack}};
    reserved[id] = {.cpu_units = cpu, .memory_mib = memory};
  }

  // On such a host it holds 256 CPU units and 512 MiB.
  void add_to(const char* host, TaskStatus status = TaskStatus::kRunning) {
    add("a", host, status);
    tasks.back().reservation = {.cpu_units = 256, .memory_mib = 512};
    reserved[host].cpu_units += 256;
    reserved[host].memory_mib += 512;
    view.tasks.back().host = &hosts[host];
    view.tasks.back().reserved = &reserved[host];
  }

  // How many of the first are of which host.
  std::map<std::string, int> first_by_host(size_t count) const {
    std::map<std::string, int> by_host;
    for (const std::string& id : first(count)) {
      for (const Task& each : tasks) {
        if (each.id == id) ++by_host[*each.container_instance];
      }
    }
    return by_host;
  }

  void add(const char* zone, const char* host, TaskStatus status) {
    Task& task = tasks.emplace_back();
    task.id = "t" + std::to_string(tasks.size());
    task.availability_zone = zone;
    task.container_instance = host;
    task.last_status = status;
    if (status == TaskStatus::kRunning) task.started_at = Timestamp{1};
    view.tasks.push_back({.task = &task});
  }

  std::vector<std::string> first(size_t count) const {
    std::vector<const ServiceTask*> all;
    for (const ServiceTask& each : view.tasks) all.push_back(&each);
    std::vector<std::string> ids;
    for (const ServiceTask* each : choose_to_stop(all, count, view)) ids.push_back(each->task->id);
    return ids;
  }
};

TEST_CASE("what is not there yet goes first, then what is where most are") {
  Crowd crowd;
  crowd.add("a", "1", TaskStatus::kRunning);
  crowd.add("a", "1", TaskStatus::kRunning);
  crowd.add("a", "2", TaskStatus::kRunning);
  crowd.add("b", "3", TaskStatus::kRunning);
  crowd.add("b", "3", TaskStatus::kPending);
  CHECK(crowd.first(1) == std::vector<std::string>{"t5"});
  CHECK(crowd.first(2)[1] == "t1");
  CHECK(crowd.first(3)[2] == "t2");
  CHECK(crowd.first(9).size() == 5);
}

TEST_CASE("one zone and one host are left as full as another") {
  Crowd crowd;
  for (int i = 0; i < 12; ++i) {
    crowd.add(i % 2 == 0 ? "a" : "b", std::to_string(i % 4).c_str(), TaskStatus::kRunning);
  }
  std::map<std::string, int> left;
  for (const Task& each : crowd.tasks) ++left[*each.container_instance];
  for (const std::string& id : crowd.first(8)) {
    for (const Task& each : crowd.tasks) {
      if (each.id == id) --left[*each.container_instance];
    }
  }
  for (const auto& [host, count] : left) CHECK(count == 1);
}

using ByHost = std::map<std::string, int>;

TEST_CASE("binpack empties one of two hosts") {
  for (const char* field : {"cpu", "memory"}) {
    Crowd crowd;
    crowd.service.placement_strategy = {{.type = "binpack", .field = field}};
    crowd.add_host("1", 0, 0);
    crowd.add_host("2", 0, 0);
    for (const char* host : {"1", "2", "1", "2"}) crowd.add_to(host);

    const ByHost first = crowd.first_by_host(2);

    CHECK(first.size() == 1);
    CHECK(crowd.first_by_host(3).size() == 2);
  }
}

TEST_CASE("binpack leaves the host with most of its field free, though others have more tasks") {
  Crowd crowd;
  crowd.add_host("1", 2048, 0);
  crowd.add_host("2", 0, 4096);
  for (const char* host : {"1", "1", "2", "2"}) crowd.add_to(host);
  crowd.service.placement_strategy = {{.type = "binpack", .field = "cpu"}};
  CHECK(crowd.first_by_host(2) == ByHost{{"2", 2}});
  crowd.service.placement_strategy = {{.type = "binpack", .field = "MEMORY"}};
  CHECK(crowd.first_by_host(2) == ByHost{{"1", 2}});
}

TEST_CASE("binpack goes on with the host on which a task stops already") {
  Crowd crowd;
  crowd.service.placement_strategy = {{.type = "binpack", .field = "memory"}};
  crowd.add_host("1", 0, 0);
  crowd.add_host("2", 0, 0);
  for (const char* host : {"1", "1", "2", "2"}) crowd.add_to(host);
  crowd.tasks[2].desired_status = "STOPPED";
  std::vector<const ServiceTask*> live;
  for (const ServiceTask& each : crowd.view.tasks) {
    if (is_live(each)) live.push_back(&each);
  }

  const auto chosen = choose_to_stop(live, 1, crowd.view);

  REQUIRE(chosen.size() == 1);
  CHECK(chosen[0]->task->id == "t4");
}

TEST_CASE("spread goes by its field, and strategies by their order") {
  Crowd crowd;
  crowd.add_host("1", 0, 0, "x");
  crowd.add_host("2", 0, 0, "x");
  crowd.add_host("3", 0, 4096, "y");
  for (const char* host : {"1", "1", "2", "3", "3", "3"}) crowd.add_to(host);
  SUBCASE("instances") {
    crowd.service.placement_strategy = {{.type = "spread", .field = "instanceId"}};
    CHECK(crowd.first_by_host(3) == ByHost{{"1", 1}, {"3", 2}});
  }
  SUBCASE("an attribute, then what is free") {
    crowd.service.placement_strategy = {{.type = "spread", .field = "attribute:rack"},
                                        {.type = "binpack", .field = "memory"}};
    CHECK(crowd.first_by_host(2) == ByHost{{"2", 1}, {"3", 1}});
  }
  SUBCASE("random is as none") {
    crowd.service.placement_strategy = {{.type = "random"}};
    CHECK(crowd.first_by_host(1) == ByHost{{"3", 1}});
  }
}

}  // namespace
}  // namespace ikada::service
