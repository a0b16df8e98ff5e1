#include "cluster/model/task_stop.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

const Timestamp kNow{5'000};

Task running_task(bool has_group) {
  Task task{.cluster = "default", .id = "t"};
  task.last_status = TaskStatus::kRunning;
  if (has_group) task.targets = TaskTargets{.load_balancers = {{.target_group_arn = "arn"}}};
  return task;
}

TEST_CASE("a target is drained, and its host keeps it running meanwhile") {
  Task task = running_task(true);
  CHECK(is_target(task));

  REQUIRE(ask_to_stop(task, "UserInitiated", "so", StopOrder::kDrainFirst, kNow));

  CHECK(is_draining(task));
  CHECK_FALSE(is_target(task));
  CHECK(task.desired_status == "STOPPED");
  CHECK(task.last_status == TaskStatus::kDeactivating);
  CHECK(task.stopped_reason == "so");
  CHECK(task.version == 2);
  const Task told = as_told_to_host(task);
  CHECK(told.desired_status == "RUNNING");
  CHECK(told.last_status == TaskStatus::kRunning);
  CHECK_FALSE(told.stopped_reason.has_value());
}

TEST_CASE("a task that is drained can be stopped at once") {
  Task task = running_task(true);
  REQUIRE(ask_to_stop(task, "UserInitiated", "so", StopOrder::kDrainFirst, kNow));

  CHECK_FALSE(ask_to_stop(task, "UserInitiated", "again", StopOrder::kDrainFirst, kNow));
  CHECK(ask_to_stop(task, "UserInitiated", "again", StopOrder::kAtOnce, kNow));
  CHECK(task.targets->drained_at == kNow);
  CHECK(task.stopped_reason == "so");
  CHECK_FALSE(is_draining(task));
  CHECK(as_told_to_host(task).desired_status == "STOPPED");
  CHECK_FALSE(ask_to_stop(task, "UserInitiated", "again", StopOrder::kAtOnce, kNow));
}

TEST_CASE("what is no target, or not yet, is stopped at once") {
  Task plain = running_task(false);
  REQUIRE(ask_to_stop(plain, "UserInitiated", "so", StopOrder::kDrainFirst, kNow));
  CHECK(plain.last_status == TaskStatus::kRunning);
  CHECK(as_told_to_host(plain).desired_status == "STOPPED");

  Task pending = running_task(true);
  pending.last_status = TaskStatus::kPending;
  REQUIRE(ask_to_stop(pending, "UserInitiated", "so", StopOrder::kDrainFirst, kNow));
  CHECK(as_told_to_host(pending).desired_status == "STOPPED");

  Task forced = running_task(true);
  REQUIRE(ask_to_stop(forced, "UserInitiated", "so", StopOrder::kAtOnce, kNow));
  CHECK(as_told_to_host(forced).desired_status == "STOPPED");
  CHECK_FALSE(forced.targets->deregistered_at.has_value());
}

TEST_CASE("a record keeps what is known of the targets") {
  Task task = running_task(true);
  task.targets->registered_at = Timestamp{1'000};
  task.targets->healthy_since = Timestamp{2'000};
  REQUIRE(ask_to_stop(task, "UserInitiated", "so", StopOrder::kDrainFirst, kNow));

  const auto read = from_json<Task>(to_json(task), "task");

  REQUIRE(read.has_value());
  CHECK(read->targets == task.targets);
  CHECK_FALSE(show_task(task, {.account = "1", .region = "r"}, true).contains("targets"));
}

}  // namespace
}  // namespace ikada
