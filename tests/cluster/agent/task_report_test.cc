#include "cluster/agent/task_report.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

constexpr Timestamp kNow{1'000'000'000'000};

Task make_record() {
  Task task{.id = "t"};
  task.containers.push_back({.id = "uuid", .name = "a", .image = "i"});
  return task;
}

}  // namespace

TEST_CASE("a report brings what the host knows, and the manager's own stays") {
  Task record = make_record();
  record.created_at = Timestamp{5};
  Task reported = make_record();
  reported.containers[0].id = "";
  reported.containers[0].last_status = "RUNNING";
  reported.containers[0].runtime_id = "r";
  reported.containers[0].network_bindings = {{.host_port = 32768}};
  reported.last_status = TaskStatus::kRunning;
  reported.started_at = Timestamp{9};

  REQUIRE(apply_report(record, reported, kNow));

  CHECK(record.last_status == TaskStatus::kRunning);
  CHECK(record.started_at == Timestamp{9});
  CHECK(record.created_at == Timestamp{5});
  CHECK(record.containers[0].id == "uuid");
  CHECK(record.containers[0].runtime_id == "r");
  CHECK(record.containers[0].network_bindings.size() == 1);
  CHECK(record.version == 2);
  CHECK_FALSE(apply_report(record, reported, kNow));
  CHECK(record.version == 2);
}

TEST_CASE("who stopped a task first says why") {
  Task record = make_record();
  record.desired_status = "STOPPED";
  record.stop_code = "UserInitiated";
  record.stopped_reason = "enough";
  record.stopping_at = Timestamp{3};
  Task reported = make_record();
  reported.last_status = TaskStatus::kStopped;
  reported.desired_status = "STOPPED";
  reported.stop_code = "EssentialContainerExited";
  reported.stopping_at = Timestamp{4};

  REQUIRE(apply_report(record, reported, kNow));

  CHECK(record.stop_code == "UserInitiated");
  CHECK(record.stopped_reason == "enough");
  CHECK(record.stopping_at == Timestamp{3});
  CHECK(record.last_status == TaskStatus::kStopped);
}

TEST_CASE("a task that was given up stays STOPPED, and none goes back") {
  Task stopped = make_record();
  stopped.last_status = TaskStatus::kStopped;
  Task deactivating = make_record();
  deactivating.last_status = TaskStatus::kDeactivating;
  Task reported = make_record();
  reported.last_status = TaskStatus::kRunning;

  CHECK_FALSE(apply_report(stopped, reported, kNow));
  apply_report(deactivating, reported, kNow);
  CHECK(deactivating.last_status == TaskStatus::kDeactivating);
}

TEST_CASE("an essential exit makes the record's desired status STOPPED") {
  Task record = make_record();
  Task reported = make_record();
  reported.desired_status = "STOPPED";
  reported.last_status = TaskStatus::kStopping;

  REQUIRE(apply_report(record, reported, kNow));

  CHECK(record.desired_status == "STOPPED");
}

}  // namespace ikada
