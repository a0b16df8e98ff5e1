#include "cluster/agent/task_network.h"

#include <doctest/doctest.h>

#include "cluster/agent/task_machine.h"
#include "cluster/agent/task_report.h"

namespace ikada {
namespace {

constexpr const char* kAttachmentId = "12345678-9abc-def0-1234-56789abcdef0";

TaskDefinition make_definition() {
  TaskDefinition definition;
  definition.network_mode = "awsvpc";
  ContainerDefinition web;
  web.name = "web";
  definition.container_definitions.push_back(web);
  return definition;
}

Task make_task() {
  Task task{.id = "t", .last_status = TaskStatus::kProvisioning};
  task.attachments = {{.id = kAttachmentId,
                       .type = "ElasticNetworkInterface",
                       .status = "PRECREATED",
                       .details = {{.name = "subnetId", .value = "s"}}}};
  task.containers = {{.name = "web"}};
  return task;
}

std::string detail_of(const Task& task, std::string_view name) {
  for (const KeyValuePair& each : task.attachments[0].details) {
    if (each.name == name) return each.value.value_or("");
  }
  return "";
}

}  // namespace

TEST_CASE("all containers of a task with an address wait for the one that holds it") {
  const TaskDefinition held = with_network_holder(make_definition());

  REQUIRE(held.container_definitions.size() == 2);
  CHECK(held.container_definitions[0].depends_on->front().container_name == kNetworkHolder);
  CHECK(held.container_definitions[1].name == kNetworkHolder);
}

TEST_CASE("a task in another network mode has no such container") {
  TaskDefinition definition = make_definition();
  definition.network_mode = "bridge";

  CHECK(with_network_holder(definition).container_definitions.size() == 1);
}

TEST_CASE("a task with an address is provisioned before it is pending and after it has stopped") {
  const Moment now{.steady_ms = 0, .wall = {1'000'000}};
  TaskMachine machine = TaskMachine::create(with_network_holder(make_definition()), make_task());
  const auto status = [&] { return machine.task().last_status; };
  machine.begin(now);
  machine.step(ImagePulled{"web", "sha256:1"}, now);

  const auto commands = machine.step(ImagePulled{kNetworkHolder, ""}, now);

  REQUIRE(commands.size() == 1);
  CHECK(commands[0].container == kNetworkHolder);
  CHECK(status() == TaskStatus::kProvisioning);
  machine.step(ContainerStarted{kNetworkHolder, 1, "p", {}, TaskAddress{"10.88.0.5", "02:42"}},
               now);
  CHECK(status() == TaskStatus::kPending);
  machine.step(ContainerStarted{"web", 1, "w", {}, {}}, now);
  CHECK(status() == TaskStatus::kRunning);
  machine.step(ContainerEnded{"web", 1, 3}, now);
  CHECK(status() == TaskStatus::kDeprovisioning);
  CHECK(machine.task().attachments[0].status == "ATTACHED");
  machine.step(ContainerEnded{kNetworkHolder, 1, 0}, now);
  CHECK(status() == TaskStatus::kStopped);
  CHECK(machine.task().attachments[0].status == "DELETED");
  CHECK(machine.task().stop_code == "EssentialContainerExited");
}

TEST_CASE("an address is told in the attachment and for each container") {
  Task reported = make_task();
  attach_address(reported, {.ipv4 = "10.88.0.5", .mac = "02:42:0a:58:00:05"});
  Task record = make_task();

  REQUIRE(apply_report(record, reported, Timestamp{1'000'000'000'000}));

  CHECK(detail_of(record, "subnetId") == "s");
  CHECK(detail_of(record, "privateIPv4Address") == "10.88.0.5");
  CHECK(detail_of(record, "macAddress") == "02:42:0a:58:00:05");
  CHECK(detail_of(record, "networkInterfaceId") == "eni-123456789abcdef01");
  CHECK(detail_of(record, "privateDnsName") == "ip-10-88-0-5");
  REQUIRE(record.containers[0].network_interfaces.size() == 1);
  CHECK(record.containers[0].network_interfaces[0].attachment_id == kAttachmentId);
  CHECK(record.containers[0].network_interfaces[0].private_ipv4_address == "10.88.0.5");
}

}  // namespace ikada
