#include "cluster/model/task.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

const Scope kScope{.account = "1", .region = "r"};

TEST_CASE("a running task shows no reason, no stop code and no exit code") {
  Task task{.cluster = "c", .id = "t", .family = "web", .revision = 2};
  task.container_instance = "i";
  task.last_status = TaskStatus::kRunning;
  task.containers = {{.id = "x", .name = "a", .last_status = "RUNNING"}};
  task.tags = {{"k", "v"}};

  const Json shown = show_task(task, kScope, false);

  for (const char* absent : {"stopCode",
                             "stoppedReason",
                             "stoppedAt",
                             "id",
                             "cluster",
                             "family",
                             "reservation",
                             "networkConfiguration"}) {
    CAPTURE(absent);
    CHECK_FALSE(shown.contains(absent));
  }
  CHECK_FALSE(shown["containers"][0].contains("exitCode"));
  CHECK(shown["lastStatus"] == "RUNNING");
  CHECK(shown["taskArn"] == "arn:aws:ecs:r:1:task/c/t");
  CHECK(shown["taskDefinitionArn"] == "arn:aws:ecs:r:1:task-definition/web:2");
  CHECK(shown["containerInstanceArn"] == "arn:aws:ecs:r:1:container-instance/c/i");
  CHECK(shown["containers"][0]["containerArn"] == "arn:aws:ecs:r:1:container/c/t/x");
  CHECK(shown["tags"].empty());
  CHECK(show_task(task, kScope, true)["tags"][0]["key"] == "k");
}

TEST_CASE("a task comes back from its record") {
  Task task{.cluster = "c", .id = "t", .family = "web", .revision = 2};
  task.last_status = TaskStatus::kStopped;
  task.stop_code = "UserInitiated";
  task.reservation = {.cpu_units = 1, .memory_mib = 2, .tcp_ports = {80}, .udp_ports = {53}};
  task.containers = {{.id = "x", .name = "a", .exit_code = 137}};
  task.containers[0].network_bindings = {{.bind_ip = "0.0.0.0", .container_port = 1}};
  task.network_configuration = NetworkConfiguration{AwsVpcConfiguration{.subnets = {"s"}}};

  const Json json = to_json(task);
  const Result<Task> back = from_json<Task>(json, "task");

  REQUIRE(back);
  CHECK(to_json(*back) == json);
  CHECK(back->last_status == TaskStatus::kStopped);
  CHECK(back->reservation.tcp_ports == std::vector<std::int32_t>{80});
}

TEST_CASE("a task reserves its own size, or what its containers ask for") {
  const auto reserve = [](const char* text) {
    return reservation_of(*from_json<TaskDefinition>(*parse_json(text), "definition"));
  };
  const Reservation sum = reserve(
      R"({"containerDefinitions":[{"cpu":10,"memory":100,"memoryReservation":60,
          "portMappings":[{"hostPort":80},{"hostPort":0},{"hostPort":53,"protocol":"udp"}],
          "resourceRequirements":[{"type":"GPU","value":"2"}]},
          {"cpu":5,"memory":40,"resourceRequirements":[{"type":"GPU","value":"1"},
          {"type":"InferenceAccelerator","value":"device"}]}]})");
  CHECK(sum.cpu_units == 15);
  CHECK(sum.memory_mib == 100);
  CHECK(sum.gpus == 3);
  CHECK(sum.tcp_ports == std::vector<std::int32_t>{80});
  CHECK(sum.udp_ports == std::vector<std::int32_t>{53});

  const Reservation whole = reserve(
      R"({"networkMode":"awsvpc","cpu":"512","memory":"1024","containerDefinitions":[{"cpu":10,
          "memory":100,"portMappings":[{"hostPort":80}]}]})");
  CHECK(whole.cpu_units == 512);
  CHECK(whole.memory_mib == 1024);
  CHECK(whole.tcp_ports.empty());
}

TEST_CASE("statuses have their words") {
  CHECK(to_text(TaskStatus::kProvisioning) == "PROVISIONING");
  CHECK(to_text(TaskStatus::kStopped) == "STOPPED");
  CHECK(parse_task_status("DEPROVISIONING") == TaskStatus::kDeprovisioning);
  CHECK_FALSE(parse_task_status("running"));
}

}  // namespace
}  // namespace ikada
