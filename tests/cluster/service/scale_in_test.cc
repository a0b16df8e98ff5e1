#include "cluster/service/scale_in.h"

#include <deque>
#include <map>

#include <doctest/doctest.h>

namespace ikada::service {
namespace {

struct Crowd {
  Service service{.name = "web"};
  std::deque<Task> tasks = {};
  ServiceView view{.service = &service, .now = {1'000'000}};

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

}  // namespace
}  // namespace ikada::service
