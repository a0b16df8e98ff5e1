#include "cmd/ikada/task_rows.h"

#include <doctest/doctest.h>

#include "cmd/ikada/task_choice.h"

namespace ikada {
namespace {

constexpr UnixNanos kNow = UnixNanos{1'000} * 1'000'000'000;

Json make_task_answer() {
  return {{"taskArn", "arn:aws:ecs:us-east-1:0:task/default/0123456789abcdef0123456789abcdef"},
          {"taskDefinitionArn", "arn:aws:ecs:us-east-1:0:task-definition/web:3"},
          {"containerInstanceArn",
           "arn:aws:ecs:us-east-1:0:container-instance/default/ffffffffffffffff"},
          {"lastStatus", "RUNNING"},
          {"createdAt", 880.5},
          {"containers",
           {{{"name", "web"},
             {"networkBindings",
              {{{"bindIP", "0.0.0.0"},
                {"hostPort", 32768},
                {"containerPort", 80},
                {"protocol", "tcp"}}}}},
            {{"name", "side"}}}}};
}

}  // namespace

TEST_CASE("a task becomes a row") {
  const Json row = task_row(make_task_answer(), true, kNow);

  CHECK(row["ID"] == "0123456789ab");
  CHECK(row["Host"] == "ffffffffffff");
  CHECK(row["TaskDefinition"] == "web:3");
  CHECK(row["Status"] == "RUNNING");
  CHECK(row["CreatedAgo"] == "2 minutes ago");
  CHECK(row["Ports"] == "0.0.0.0:32768->80/tcp");
  CHECK(row["StopCode"] == "");
}

TEST_CASE("a task without a host is a row, too") {
  Json task = make_task_answer();
  task.erase("containerInstanceArn");
  task.erase("createdAt");

  const Json row = task_row(task, false, kNow);

  CHECK(row["ID"] == "0123456789abcdef0123456789abcdef");
  CHECK(row["Host"] == "");
  CHECK(row["CreatedAgo"] == "");
}

TEST_CASE("a container is chosen by its name, or is the only one") {
  const Json task = make_task_answer();
  Json small = task;
  small["containers"].erase(1);

  CHECK(choose_container(task, "side").value()["name"] == "side");
  CHECK(choose_container(small, "").value()["name"] == "web");
  CHECK(choose_container(task, "").error().message ==
        "which container? --container with one of web, side");
  CHECK(choose_container(task, "db").error().message ==
        "the task has no container db; it has web, side");
}

}  // namespace ikada
