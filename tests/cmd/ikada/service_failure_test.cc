#include "cmd/ikada/service_failure.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

Json make_stopped(const std::string& id, double stopped_at, const std::string& code) {
  return {{"taskArn", "arn:aws:ecs:us-east-1:000000000000:task/default/" + id},
          {"stoppedAt", stopped_at},
          {"stopCode", code},
          {"stoppedReason", "Essential container in task exited"},
          {"containers", Json::array({{{"name", "web"}, {"exitCode", 3}}})}};
}

TEST_CASE("the task that failed last is found, and none that was stopped") {
  const Json tasks = {make_stopped("a", 1, "EssentialContainerExited"),
                      make_stopped("b", 3, "TaskFailedToStart"),
                      make_stopped("c", 2, "EssentialContainerExited"),
                      make_stopped("d", 9, "ServiceSchedulerInitiated"),
                      make_stopped("e", 9, "UserInitiated")};

  const Json* found = find_last_failed(tasks);

  REQUIRE(found != nullptr);
  CHECK((*found)["taskArn"].get<std::string>().ends_with("/b"));
  CHECK(find_last_failed(Json::array({tasks[3], tasks[4]})) == nullptr);
}

TEST_CASE("a task that failed its health checks has failed although the scheduler stopped it") {
  Json task = make_stopped("a", 1, "ServiceSchedulerInitiated");
  task["stoppedReason"] = "Task failed container health checks";

  CHECK(find_last_failed(Json::array({task})) != nullptr);
}

TEST_CASE("a failure is told with what its container says, once") {
  Json task = make_stopped("0123456789abcdef", 1, "EssentialContainerExited");
  CHECK(describe_failure(task) ==
        "task 0123456789ab: Essential container in task exited: container web: exit code 3");

  task["stoppedReason"] = "CannotPullContainerError: no such image";
  task["containers"][0]["reason"] = "CannotPullContainerError: no such image";
  CHECK(describe_failure(task) == "task 0123456789ab: CannotPullContainerError: no such image");
}

}  // namespace
}  // namespace ikada
