#include "cluster/service/failures.h"

#include <doctest/doctest.h>

namespace ikada::service {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("the breaker trips at half of the desired tasks, at least 3, at most 200") {
  const CircuitBreaker breaker{.enable = true};
  CHECK(breaker_threshold(breaker, 1) == 3);
  CHECK(breaker_threshold(breaker, 7) == 4);
  CHECK(breaker_threshold(breaker, 25) == 13);
  CHECK(breaker_threshold(breaker, 1000) == 200);
}

TEST_CASE("the breaker's threshold can be set") {
  const auto with = [](const char* type, std::int32_t value) {
    return CircuitBreaker{.enable = true, .threshold = {.type = type, .value = value}};
  };
  CHECK(breaker_threshold(with("COUNT", 1), 100) == 1);
  CHECK(breaker_threshold(with("BOUNDED_PERCENT", 10), 10) == 3);
  CHECK(breaker_threshold(with("BOUNDED_PERCENT", 100), 50) == 50);
  CHECK(breaker_threshold(with("UNBOUNDED_PERCENT", 10), 10) == 1);
  CHECK(breaker_threshold(with("UNBOUNDED_PERCENT", 100), 1000) == 1000);
}

TEST_CASE("the first round of failures costs nothing, then the delay doubles") {
  CHECK(back_off({.in_a_row = 15}, 15) == milliseconds(0));
  CHECK(back_off({.in_a_row = 16}, 15) == seconds(1));
  CHECK(back_off({.in_a_row = 31}, 15) == seconds(2));
  CHECK(back_off({.in_a_row = 1}, 0) == milliseconds(0));
}

TEST_CASE("each attempt waits longer, also when it is not of all tasks") {
  CHECK(back_off({.in_a_row = 15, .attempts = 1}, 15) == milliseconds(0));
  CHECK(back_off({.in_a_row = 16, .attempts = 2}, 15) == seconds(1));
  CHECK(back_off({.in_a_row = 20, .attempts = 6}, 15) == seconds(16));
}

TEST_CASE("tasks that do not start are tried one at a time, unless the breaker watches") {
  Service service{.name = "web", .desired_count = 4, .deployments = {{.id = "d"}}};
  const Failures few{.in_a_row = 2, .never_started = 2, .attempts = 1};
  CHECK(throttle_of(few, service, 4).most_at_once > 100);
  Failures failures{.in_a_row = 6, .never_started = 6, .attempts = 3, .last = {5000}};
  CHECK(throttle_of(failures, service, 4).most_at_once == 1);
  CHECK(throttle_of(failures, service, 4).not_before == Timestamp{7000});
  failures.has_started_since = true;
  CHECK(throttle_of(failures, service, 4).most_at_once > 100);

  failures.has_started_since = false;
  service.deployment_configuration.breaker.enable = true;
  CHECK(throttle_of(failures, service, 4).most_at_once > 100);
  CHECK(throttle_of(failures, service, 4).not_before == Timestamp{6000});
}

TEST_CASE(
    "the delay is a minute at most after running, a quarter of an hour after never starting") {
  CHECK(back_off({.in_a_row = 40}, 1) == minutes(1));
  CHECK(back_off({.in_a_row = 40, .never_started = 40}, 1) == minutes(15));
}

struct Row {
  Service service{.name = "web", .desired_count = 1};
  std::vector<Task> tasks = std::vector<Task>(8);
  ServiceView view{.service = &service, .now = {1'000'000}};

  void add_made(std::int64_t made_ms, const char* host) {
    add(0, made_ms + 500, "TaskFailedToStart");
    tasks[view.tasks.size() - 1].created_at = Timestamp{made_ms};
    tasks[view.tasks.size() - 1].container_instance = host;
  }

  void add(std::int64_t started_ms, std::int64_t stopped_ms, const char* code) {
    Task& task = tasks[view.tasks.size()];
    task.started_by = "d";
    if (started_ms != 0) task.started_at = Timestamp{started_ms};
    if (stopped_ms != 0) {
      task.stopped_at = Timestamp{stopped_ms};
      task.last_status = TaskStatus::kStopped;
      task.stop_code = code;
    } else {
      task.last_status = TaskStatus::kRunning;
    }
    view.tasks.push_back({.task = &task});
  }
};

TEST_CASE("only what ended by itself before it was healthy has failed") {
  Row row;
  row.add(0, 500'000, "TaskFailedToStart");
  row.add(499'000, 500'001, "EssentialContainerExited");
  row.add(0, 500'002, "UserInitiated");
  row.add(0, 500'003, "ServiceSchedulerInitiated");
  const Failures failures = failures_of(row.view, {.id = "d"});
  CHECK(failures.in_a_row == 2);
  CHECK(failures.never_started == 1);
  CHECK(failures.last == Timestamp{500'001});
  CHECK(failures_of(row.view, {.id = "other"}).in_a_row == 0);
}

TEST_CASE("failures are counted by attempts and by hosts") {
  Row row;
  row.add_made(500'000, "a");
  row.add_made(500'200, "b");
  row.add_made(500'999, "a");
  row.add_made(501'000, "b");
  row.add_made(510'000, "a");
  CHECK(failures_of(row.view, {.id = "d"}).attempts == 3);
  CHECK(failures_of(row.view, {.id = "d"}, "b").in_a_row == 2);
  CHECK(failures_of(row.view, {.id = "d"}, "b").attempts == 1);
  CHECK(failures_of(row.view, {.id = "d"}, "c").in_a_row == 0);
  CHECK_FALSE(failures_of(row.view, {.id = "d"}).has_started_since);
  row.add(511'000, 0, "");
  CHECK(failures_of(row.view, {.id = "d"}).has_started_since);
}

TEST_CASE("a task that became healthy ends the row") {
  Row row;
  row.add(0, 500'000, "TaskFailedToStart");
  row.add(510'000, 0, "");  // Healthy at 550'000.
  row.add(0, 600'000, "TaskFailedToStart");
  CHECK(failures_of(row.view, {.id = "d"}).in_a_row == 1);
  row.add(610'000, 660'000, "EssentialContainerExited");  // After 50 s.
  CHECK(failures_of(row.view, {.id = "d"}).in_a_row == 0);
}

TEST_CASE("without resetOnHealthyTask the breaker counts all failures of the deployment") {
  Row row;
  row.add(0, 500'000, "TaskFailedToStart");
  row.add(510'000, 0, "");  // Healthy at 550'000.
  row.add(0, 600'000, "TaskFailedToStart");
  row.add(610'000, 660'000, "EssentialContainerExited");  // After 50 s: no failure.
  row.add(0, 700'000, "TaskFailedToStart");
  CHECK(counted_failures(row.view, {.id = "d"}, {}) == 1);
  CHECK(counted_failures(row.view, {.id = "d"}, {.reset_on_healthy_task = true}) == 1);
  CHECK(counted_failures(row.view, {.id = "d"}, {.reset_on_healthy_task = false}) == 3);
  CHECK(failures_of(row.view, {.id = "d"}).in_a_row == 1);
}

}  // namespace
}  // namespace ikada::service
