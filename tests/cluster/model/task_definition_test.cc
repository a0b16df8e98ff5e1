#include "cluster/model/task_definition.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

// Every member of every shape that RegisterTaskDefinition knows, but those that exclude each other.
constexpr const char* kEverything = R"({
"family": "web", "networkMode": "bridge", "taskRoleArn": "arn:aws:iam::1:role/t",
"executionRoleArn": "arn:aws:iam::1:role/e", "cpu": "512", "memory": "1024", "pidMode": "task",
"ipcMode": "none", "enableFaultInjection": true, "requiresCompatibilities": ["EC2"],
"placementConstraints": [{"type": "memberOf", "expression": "attribute:a == b"}],
"proxyConfiguration": {"type": "APPMESH", "containerName": "a",
  "properties": [{"name": "n", "value": "v"}]},
"inferenceAccelerators": [{"deviceName": "d", "deviceType": "t"}],
"ephemeralStorage": {"sizeInGiB": 21},
"runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
"volumes": [{"name": "h", "host": {"sourcePath": "/h"}}, {"name": "empty", "host": {}},
  {"name": "d", "dockerVolumeConfiguration": {"scope": "shared", "autoprovision": true,
    "driver": "local", "driverOpts": {"o": "1"}, "labels": {"l": "2"}}},
  {"name": "e", "efsVolumeConfiguration": {"fileSystemId": "fs", "rootDirectory": "/",
    "transitEncryption": "ENABLED", "transitEncryptionPort": 2049,
    "authorizationConfig": {"accessPointId": "ap", "iam": "ENABLED"}}},
  {"name": "s", "s3filesVolumeConfiguration": {"fileSystemArn": "arn", "rootDirectory": "/",
    "transitEncryptionPort": 1, "accessPointArn": "ap"}},
  {"name": "f", "fsxWindowsFileServerVolumeConfiguration": {"fileSystemId": "fs",
    "rootDirectory": "\\", "authorizationConfig": {"credentialsParameter": "c", "domain": "d"}}},
  {"name": "c", "configuredAtLaunch": true}],
"containerDefinitions": [{
  "name": "a", "image": "nginx:1", "repositoryCredentials": {"credentialsParameter": "p"},
  "cpu": 10, "memory": 128, "memoryReservation": 64, "links": ["b:db"],
  "portMappings": [{"containerPort": 80, "hostPort": 8080, "protocol": "tcp", "name": "web",
    "appProtocol": "http"}, {"containerPortRange": "9000-9010", "protocol": "udp"}],
  "essential": false,
  "restartPolicy": {"enabled": true, "ignoredExitCodes": [0, 3], "restartAttemptPeriod": 60},
  "entryPoint": ["sh"], "command": [], "environment": [{"name": "A", "value": "1"}, {"name": "B"}],
  "environmentFiles": [{"value": "arn:aws:s3:::b/x.env", "type": "s3"}],
  "mountPoints": [{"sourceVolume": "h", "containerPath": "/h", "readOnly": true}],
  "volumesFrom": [{"sourceContainer": "b", "readOnly": false}],
  "linuxParameters": {"capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]},
    "devices": [{"hostPath": "/dev/kvm", "containerPath": "/dev/kvm", "permissions": ["read"]}],
    "initProcessEnabled": true, "sharedMemorySize": 64,
    "tmpfs": [{"containerPath": "/t", "size": 1, "mountOptions": ["ro"]}],
    "maxSwap": 10, "swappiness": 60},
  "secrets": [{"name": "S", "valueFrom": "p"}],
  "dependsOn": [{"containerName": "b", "condition": "START"}], "startTimeout": 10,
  "stopTimeout": 20, "versionConsistency": "disabled", "hostname": "h", "user": "1000:1000",
  "workingDirectory": "/w", "disableNetworking": false, "privileged": false,
  "readonlyRootFilesystem": true, "dnsServers": ["10.0.0.1"], "dnsSearchDomains": ["x"],
  "extraHosts": [{"hostname": "h", "ipAddress": "10.0.0.2"}],
  "dockerSecurityOptions": ["no-new-privileges"], "interactive": true, "pseudoTerminal": false,
  "dockerLabels": {"k": "v"}, "ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2}],
  "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"},
    "secretOptions": [{"name": "s", "valueFrom": "p"}]},
  "healthCheck": {"command": ["CMD", "true"], "interval": 5, "timeout": 2, "retries": 1,
    "startPeriod": 0},
  "systemControls": [{"namespace": "net.core.somaxconn", "value": "1"}],
  "resourceRequirements": [{"value": "1", "type": "GPU"}],
  "firelensConfiguration": {"type": "fluentbit", "options": {"a": "b"}}, "credentialSpecs": []
}]})";

TaskDefinition registered(const Json& json) {
  TaskDefinition definition;
  JsonReader reader(json, "definition");
  JsonFields fields(reader);
  describe_registration(fields, definition);
  const Result<void> done = reader.done();
  REQUIRE_MESSAGE(done.has_value(), done.error().message);
  return definition;
}

TEST_CASE("everything that can be registered comes back as it was") {
  const Json json = *parse_json(kEverything);
  TaskDefinition definition = registered(json);

  Json back = Json::object();
  JsonFields fields(back);
  describe_registration(fields, definition);

  CHECK(back == json);
}

TEST_CASE("a record keeps what was computed, and its tags") {
  TaskDefinition definition = registered(*parse_json(kEverything));
  definition.revision = 3;
  definition.requires_attributes = {{.name = "x"}};
  definition.compatibilities = {"EC2"};
  definition.registered_at = Timestamp{1'700'000'000'123};
  definition.registered_by = "arn:aws:iam::1:root";
  definition.tags = {{"k", "v"}};

  const Json json = to_json(definition);
  const Result<TaskDefinition> back = from_json<TaskDefinition>(json, "record");

  REQUIRE(back);
  CHECK(to_json(*back) == json);
  CHECK(back->revision == 3);
  CHECK(back->tags == definition.tags);
}

TEST_CASE("ECS's empty lists and defaults are shown, and nothing else") {
  const TaskDefinition definition = registered(*parse_json(
      R"({"family":"w","containerDefinitions":[{"name":"a","image":"i","memory":64}]})"));

  const Json shown = show_task_definition(definition, {"1", "r"});

  CHECK(shown["containerDefinitions"][0].dump() ==
        R"({"cpu":0,"environment":[],"essential":true,"image":"i","memory":64,"mountPoints":[],)"
        R"("name":"a","portMappings":[],"systemControls":[],"volumesFrom":[]})");
  CHECK(shown["taskDefinitionArn"] == "arn:aws:ecs:r:1:task-definition/w:0");
  CHECK_FALSE(shown.contains("tags"));
  CHECK_FALSE(shown.contains("networkMode"));
  CHECK_FALSE(shown.contains("deregisteredAt"));
}

}  // namespace
}  // namespace ikada
