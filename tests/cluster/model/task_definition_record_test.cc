#include "cluster/model/task_definition_record.h"

#include <algorithm>

#include <doctest/doctest.h>

namespace ikada {
namespace {

TaskDefinition make_definition(const char* text) {
  const Result<TaskDefinition> definition = from_json<TaskDefinition>(*parse_json(text), "test");
  REQUIRE(definition);
  return *definition;
}

std::vector<std::string> attribute_names(const char* text) {
  std::vector<std::string> names;
  for (const Attribute& each : required_attributes(make_definition(text))) {
    names.push_back(each.name);
  }
  return names;
}

using Names = std::vector<std::string>;

TEST_CASE("ports get a protocol and a host port by the network mode") {
  const auto port = [](const char* mode) {
    TaskDefinition definition =
        make_definition(R"({"containerDefinitions":[{"portMappings":[{"containerPort":80}]}]})");
    definition.network_mode = mode;
    fill_defaults(definition);
    return definition.container_definitions[0].port_mappings[0];
  };
  CHECK(port("bridge").protocol == "tcp");
  CHECK(port("bridge").host_port == 0);
  CHECK(port("awsvpc").host_port == 80);
  CHECK(port("host").host_port == 80);
}

TEST_CASE("health checks, restart policies and sizes are filled in, once") {
  TaskDefinition definition = make_definition(
      R"({"cpu":"1 vCPU","memory":"2GB","containerDefinitions":[{"name":"a",
          "healthCheck":{"command":["CMD","x"],"timeout":9},"restartPolicy":{"enabled":true},
          "portMappings":[{"containerPortRange":"1-2"}]}]})");
  fill_defaults(definition);

  CHECK(definition.cpu == "1024");
  CHECK(definition.memory == "2048");
  const ContainerDefinition& container = definition.container_definitions[0];
  CHECK(container.health_check->interval_s == 30);
  CHECK(container.health_check->timeout_s == 9);
  CHECK(container.health_check->retries == 3);
  CHECK_FALSE(container.health_check->start_period_s);
  CHECK(container.restart_policy->restart_attempt_period_s == 300);
  CHECK_FALSE(container.port_mappings[0].host_port);
  const Json once = to_json(definition);
  fill_defaults(definition);
  CHECK(to_json(definition) == once);
}

TEST_CASE("required attributes follow from what is used") {
  CHECK(attribute_names(R"({"containerDefinitions":[{"name":"a"}]})") ==
        Names{"com.amazonaws.ecs.capability.docker-remote-api.1.18"});
  CHECK(attribute_names(R"({"networkMode":"awsvpc","taskRoleArn":"r","executionRoleArn":"e",
          "containerDefinitions":[{"name":"a","image":"1.dkr.ecr.r.amazonaws.com/x",
          "logConfiguration":{"logDriver":"awslogs"}}]})") ==
        Names{"com.amazonaws.ecs.capability.docker-remote-api.1.18",
              "com.amazonaws.ecs.capability.docker-remote-api.1.19",
              "com.amazonaws.ecs.capability.ecr-auth",
              "com.amazonaws.ecs.capability.logging-driver.awslogs",
              "com.amazonaws.ecs.capability.task-iam-role",
              "ecs.capability.execution-role-awslogs",
              "ecs.capability.execution-role-ecr-pull",
              "ecs.capability.task-eni"});
  CHECK(attribute_names(R"({"networkMode":"host","taskRoleArn":"r",
          "volumes":[{"name":"v","dockerVolumeConfiguration":{"driver":"rexray"}}],
          "containerDefinitions":[{"name":"a",
          "secrets":[{"name":"A","valueFrom":"arn:aws:secretsmanager:r:1:secret:x"},
                     {"name":"B","valueFrom":"param"}],"dependsOn":[]}]})") ==
        Names{"com.amazonaws.ecs.capability.docker-remote-api.1.18",
              "com.amazonaws.ecs.capability.task-iam-role-network-host",
              "ecs.capability.container-ordering",
              "ecs.capability.docker-plugin.rexray",
              "ecs.capability.secrets.asm.environment-variables",
              "ecs.capability.secrets.ssm.environment-variables"});
}

TEST_CASE("a host with all capabilities lacks nothing that is asked for") {
  const Names all = all_capabilities();
  for (const Attribute& each : required_attributes(make_definition(
           R"({"cpu":"256","pidMode":"host","containerDefinitions":[{"name":"a","privileged":true,
               "memoryReservation":9,"healthCheck":{"command":["CMD","x"],"startPeriod":1},
               "linuxParameters":{"sharedMemorySize":1,"maxSwap":1},"environmentFiles":[],
               "repositoryCredentials":{"credentialsParameter":"p"},
               "restartPolicy":{"enabled":true},
               "logConfiguration":{"logDriver":"json-file"}}]})"))) {
    CAPTURE(each.name);
    CHECK(std::find(all.begin(), all.end(), each.name) != all.end());
  }
}

TEST_CASE("compatibilities are the launch types that fit") {
  CHECK(compatibilities_of(make_definition(R"({"networkMode":"bridge"})")) ==
        Names{"EXTERNAL", "EC2"});
  CHECK(compatibilities_of(make_definition(R"({"networkMode":"awsvpc"})")) == Names{"EC2"});
  CHECK(compatibilities_of(make_definition(
            R"({"networkMode":"awsvpc","cpu":"256","memory":"512"})")) == Names{"EC2", "FARGATE"});
}

}  // namespace
}  // namespace ikada
