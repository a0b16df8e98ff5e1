#include "cluster/agent/task_plan.h"

#include <algorithm>

#include <doctest/doctest.h>

namespace ikada {
namespace {

const Scope kScope{.account = "123456789012", .region = "eu-central-1"};

struct Wish {
  const char* container = "";
  const char* task = "";  // Further members of the definition.
  const char* overrides = "{}";
  FetchedEnvironment fetched = {};
  HostAbilities host = {};
};

Result<ContainerPlan> plan(const Wish& wish) {
  const auto json = parse_json(fmt::format(
      R"({{"family": "web",
          "containerDefinitions": [{{"name": "app", "image": "nginx:1" {}}}] {}}})",
      wish.container,
      wish.task));
  REQUIRE(json.has_value());
  const auto definition = from_json<TaskDefinition>(*json, "definition");
  REQUIRE(definition.has_value());
  const auto overrides = parse_json(wish.overrides);
  REQUIRE(overrides.has_value());
  const auto change = from_json<TaskOverride>(*overrides, "overrides");
  REQUIRE(change.has_value());
  const TaskDefinition whole = apply_overrides(*definition, *change);
  const Task task{.cluster = "default",
                  .id = "0123456789abcdef0123456789abcdef",
                  .family = "web",
                  .revision = 3};
  return plan_container({.task = task, .definition = whole, .scope = kScope, .host = wish.host},
                        whole.container_definitions[0],
                        wish.fetched);
}

ContainerSpec spec_of(const Wish& wish) {
  const auto result = plan(wish);
  REQUIRE_MESSAGE(result.has_value(), result.error().message);
  return result->spec;
}

std::string refusal_of(const Wish& wish) {
  const auto result = plan(wish);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == "CannotCreateContainerError");
  return result.error().message;
}

}  // namespace

TEST_CASE("a container is named and labelled after its task") {
  const ContainerSpec spec = spec_of(
      {.container = R"(, "dockerLabels": {"a": "b", "com.amazonaws.ecs.cluster": "mine"})"});

  CHECK(spec.name == "ecs-web-3-app-0123456789abcdef0123456789abcdef");
  CHECK(spec.image == "nginx:1");
  CHECK(spec.labels.at("a") == "b");
  CHECK(spec.labels.at("com.amazonaws.ecs.cluster") == "default");
  CHECK(spec.labels.at("com.amazonaws.ecs.container-name") == "app");
  CHECK(spec.labels.at("com.amazonaws.ecs.task-definition-family") == "web");
  CHECK(spec.labels.at("com.amazonaws.ecs.task-definition-version") == "3");
  CHECK(spec.labels.at("com.amazonaws.ecs.task-arn") ==
        "arn:aws:ecs:eu-central-1:123456789012:task/default/0123456789abcdef0123456789abcdef");
}

TEST_CASE("the process is what the definition says, the task's overrides winning") {
  const ContainerSpec spec = spec_of({
      .container = R"(, "entryPoint": ["/run"], "command": ["a"], "user": "www:web",
          "workingDirectory": "/srv", "readonlyRootFilesystem": true, "pseudoTerminal": true,
          "interactive": true, "privileged": true, "hostname": "box", "stopTimeout": 7,
          "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])",
      .overrides = R"({"containerOverrides": [{"name": "app", "command": ["x", "y"],
          "environment": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]}]})",
  });

  CHECK(spec.entrypoint == std::vector<std::string>{"/run"});
  CHECK(spec.command == std::vector<std::string>{"x", "y"});
  CHECK(spec.env == std::vector<std::string>{"A=1", "B=3", "C=4"});
  CHECK(spec.user == "www:web");
  CHECK(spec.working_dir == "/srv");
  CHECK(spec.read_only_rootfs);
  CHECK(spec.terminal);
  CHECK(spec.open_stdin);
  CHECK(spec.security.privileged);
  CHECK(spec.hostname == "box");
  CHECK(spec.stop_timeout_s == 7);
}

TEST_CASE("without a stopTimeout a container has 30 seconds, without an entryPoint the image's") {
  const ContainerSpec spec = spec_of({});

  CHECK(spec.stop_timeout_s == 30);
  CHECK_FALSE(spec.entrypoint.has_value());
  CHECK(spec.command.empty());
}

TEST_CASE("files of variables come first, the earlier one winning; then variables, then secrets") {
  const ContainerSpec spec = spec_of({
      .container = R"(, "environment": [{"name": "B", "value": "own"}])",
      .fetched = {.files = {"# remark\nA=1\nB=file\n\nQ=\"x=y\"\r\n", "A=2\nC=3"},
                  .secrets = {{"S", "hush"}}},
  });

  CHECK(spec.env == std::vector<std::string>{"A=1", "B=own", "Q=\"x=y\"", "C=3", "S=hush"});
  CHECK_FALSE(plan({.fetched = {.files = {"no value"}}}).has_value());
}

TEST_CASE("cpu units become shares: nothing, 0 and 1 are 2, and 256 CPUs are the most") {
  CHECK(cpu_shares_of(0) == 2);
  CHECK(cpu_shares_of(1) == 2);
  CHECK(cpu_shares_of(2) == 2);
  CHECK(cpu_shares_of(512) == 512);
  CHECK(cpu_shares_of(262'144) == 262'144);
  CHECK(cpu_shares_of(300'000) == 262'144);
  CHECK(spec_of({}).resources.cpu_shares == 2);
}

TEST_CASE("memory is the hard limit, memoryReservation the soft one, the task's the default") {
  const ContainerSpec both =
      spec_of({.container = R"(, "memory": 64, "memoryReservation": 32, "cpu": 10)"});
  const ContainerSpec from_task = spec_of({.task = R"(, "memory": "512", "cpu": "2048")"});

  CHECK(both.resources.memory_bytes == 64u << 20);
  CHECK(both.resources.memory_reservation_bytes == 32u << 20);
  CHECK(both.resources.nano_cpus == 0);
  CHECK(from_task.resources.memory_bytes == 512u << 20);
  CHECK(from_task.resources.nano_cpus == 2048u * (1'000'000'000u / 1024));
}

TEST_CASE("a limit whose controller is missing is refused, or left out where that is allowed") {
  const char* limits = R"(, "memory": 64, "cpu": 10)";
  const HostAbilities strict{.cpu_limits = false, .memory_limits = false};
  const HostAbilities lenient{.cpu_limits = false, .memory_limits = false, .must_limit = false};

  CHECK(refusal_of({.container = limits, .host = strict}) ==
        "cpu: this host has no cgroup v2 controller cpu; with limits: ignore in agent.yaml "
        "containers run without the limit");
  const ContainerSpec spec = spec_of({.container = limits, .host = lenient});
  CHECK(spec.resources.memory_bytes == 0);
  CHECK(spec.resources.cpu_shares == 0);
}

TEST_CASE("linuxParameters are carried out") {
  const ContainerSpec spec = spec_of({
      .container = R"(, "memory": 64, "linuxParameters": {
          "capabilities": {"add": ["NET_ADMIN"], "drop": ["MKNOD"]},
          "devices": [{"hostPath": "/dev/fuse", "permissions": ["read", "write"]},
                      {"hostPath": "/dev/null", "containerPath": "/dev/x"}],
          "initProcessEnabled": true, "sharedMemorySize": 128, "maxSwap": 100,
          "tmpfs": [{"containerPath": "/t", "size": 16, "mountOptions": ["defaults", "exec", "ro"]}]
          }, "ulimits": [{"name": "nofile", "softLimit": 10, "hardLimit": 20}],
          "systemControls": [{"namespace": "net.core.somaxconn", "value": "99"}])",
  });

  CHECK(spec.security.add_capabilities == std::vector<std::string>{"NET_ADMIN"});
  CHECK(spec.security.drop_capabilities == std::vector<std::string>{"MKNOD"});
  REQUIRE(spec.devices.size() == 2);
  CHECK(spec.devices[0].permissions == "rw");
  CHECK(spec.devices[0].container_path == "/dev/fuse");
  CHECK(spec.devices[1].permissions == "rwm");
  CHECK(spec.devices[1].container_path == "/dev/x");
  CHECK(spec.init);
  CHECK(spec.shm_bytes == 128u << 20);
  CHECK(spec.resources.memory_swap_bytes == 164 << 20);
  REQUIRE(spec.mounts.size() == 1);
  CHECK(spec.mounts[0].type == MountSpec::Type::kTmpfs);
  CHECK(spec.mounts[0].options == std::vector<std::string>{"size=16m", "exec"});
  CHECK(spec.mounts[0].read_only);
  CHECK(spec.ulimits[0].hard == 20);
  CHECK(spec.sysctls.at("net.core.somaxconn") == "99");
}

TEST_CASE("security options are understood with ':' and '='") {
  const ContainerSpec spec = spec_of(
      {.container =
           R"(, "dockerSecurityOptions": ["no-new-privileges", "apparmor:web", "label=disable"])"});

  CHECK(spec.security.no_new_privileges);
  CHECK(spec.security.apparmor_profile == "web");
}

TEST_CASE("ports are published in network mode bridge alone") {
  const char* ports = R"(, "portMappings": [{"containerPort": 80, "hostPort": 8080},
      {"containerPort": 53, "protocol": "udp"}])";
  const ContainerSpec bridge = spec_of({.container = ports});
  const ContainerSpec host = spec_of({.container = ports, .task = R"(, "networkMode": "host")"});
  const ContainerSpec none = spec_of({.container = ports, .task = R"(, "networkMode": "none")"});

  CHECK(bridge.network.mode == "bridge");
  REQUIRE(bridge.network.ports.size() == 2);
  CHECK(bridge.network.ports[0].host_port == 8080);
  CHECK(bridge.network.ports[1].host_port == 0);
  CHECK(bridge.network.ports[1].protocol == "udp");
  CHECK(host.network.mode == "host");
  CHECK(host.network.ports.empty());
  CHECK(none.network.mode == "none");
}

TEST_CASE("names of hosts and servers reach the network") {
  const auto result = plan({.container = R"(,
      "extraHosts": [{"hostname": "a", "ipAddress": "10.1.1.1"}], "dnsServers": ["10.0.0.2"],
      "dnsSearchDomains": ["x.test"], "links": ["db:database", "cache"])"});

  REQUIRE(result.has_value());
  CHECK(result->spec.network.extra_hosts == std::vector<std::string>{"a:10.1.1.1"});
  CHECK(result->spec.network.dns_servers == std::vector<std::string>{"10.0.0.2"});
  CHECK(result->spec.network.dns_search == std::vector<std::string>{"x.test"});
  REQUIRE(result->links.size() == 2);
  CHECK(result->links[0].alias == "database");
  CHECK(result->links[1].alias == "cache");
}

TEST_CASE("volumes are directories of the host, the task's own, or shared ones") {
  const auto result = plan({
      .container = R"(, "mountPoints": [
          {"sourceVolume": "etc", "containerPath": "/c", "readOnly": true},
          {"sourceVolume": "own", "containerPath": "/o"},
          {"sourceVolume": "all", "containerPath": "/a"}],
          "volumesFrom": [{"sourceContainer": "data", "readOnly": true}])",
      .task = R"(, "volumes": [{"name": "etc", "host": {"sourcePath": "/etc/web"}}, {"name": "own"},
          {"name": "all", "dockerVolumeConfiguration":
           {"scope": "shared", "autoprovision": true, "labels": {"k": "v"}}}])",
  });

  REQUIRE(result.has_value());
  const auto& mounts = result->spec.mounts;
  REQUIRE(mounts.size() == 3);
  CHECK(mounts[0].type == MountSpec::Type::kBind);
  CHECK(mounts[0].source == "/etc/web");
  CHECK(mounts[0].read_only);
  CHECK(mounts[1].type == MountSpec::Type::kVolume);
  CHECK(mounts[1].source == "ecs-web-3-own-0123456789abcdef0123456789abcdef");
  CHECK(mounts[2].source == "all");
  REQUIRE(result->volumes.size() == 2);
  CHECK(result->volumes[0].goes_with_task);
  CHECK_FALSE(result->volumes[1].goes_with_task);
  CHECK_FALSE(result->volumes[1].must_exist);
  CHECK(result->volumes[1].labels.at("k") == "v");
  CHECK(result->volumes_from[0].source_container == "data");
}

TEST_CASE("logs stay on the host, in files as large as the options say") {
  CHECK(spec_of({}).log_max_files == 4);
  const ContainerSpec spec = spec_of({.container = R"(, "logConfiguration":
      {"logDriver": "json-file", "options": {"max-size": "10m", "max-file": "3"}})"});
  CHECK(spec.log_max_bytes == 10u << 20);
  CHECK(spec.log_max_files == 3);
  CHECK(spec_of({.container = R"(, "logConfiguration": {"logDriver": "awslogs", "options":
      {"awslogs-group": "g", "awslogs-region": "r"}})"})
            .log_max_files == 64);
}

TEST_CASE("what the engine cannot do is refused, never ignored") {
  const std::pair<Wish, const char*> cases[] = {
      {{.container = R"(, "logConfiguration": {"logDriver": "splunk"})"},
       "log driver splunk is not available on this host"},
      {{.container = R"(, "logConfiguration": {"logDriver": "json-file", "options": {"x": "1"}})"},
       "unknown log opt 'x' for json-file log driver"},
      {{.container = R"(, "resourceRequirements": [{"type": "GPU", "value": "1"}])"},
       "resource GPU is not available on this host"},
      {{.container = R"(, "firelensConfiguration": {"type": "fluentd"})"},
       "firelensConfiguration is not supported"},
      {{.container = R"(, "credentialSpecs": ["x"])"},
       "credentialSpecs are not supported on Linux"},
      {{.container = R"(, "memory": 9, "linuxParameters": {"maxSwap": 1, "swappiness": 0})"},
       "swappiness 0: cgroup v2 has no such setting"},
      {{.container = R"(, "linuxParameters": {"maxSwap": 1})"},
       "maxSwap needs a hard limit of memory"},
      {{.container = R"(, "dockerSecurityOptions": ["label:type:x"])"},
       "dockerSecurityOptions: label:type:x is not supported"},
      {{.container = R"(, "hostname": "h")", .task = R"(, "networkMode": "host")"},
       "hostname cannot be set in network mode host"},
      {{.container = R"(, "links": ["a"])", .task = R"(, "networkMode": "host")"},
       "links need network mode bridge"},
      {{.container = R"(, "portMappings": [{"containerPortRange": "80-90"}])"},
       "containerPortRange 80-90 is not supported"},
      {{.task = R"(, "pidMode": "task")"},
       "pidMode task is not supported: containers have their own process table"},
      {{.task = R"(, "ipcMode": "task")"}, "ipcMode task is not supported"},
      {{.container = R"(, "mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}])",
        .task = R"(, "volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "f"}}])"},
       "volume v: efsVolumeConfiguration is not supported"},
      {{.container = R"(, "mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}])",
        .task = R"(, "volumes": [{"name": "v", "dockerVolumeConfiguration": {"driver": "nfs"}}])"},
       "volume v: driver nfs is not available"},
  };
  for (const auto& [wish, message] : cases) CHECK(refusal_of(wish) == message);
}

TEST_CASE("a task that needs what no host has is refused as a whole") {
  TaskDefinition definition;
  definition.proxy_configuration.emplace();

  const auto checked = check_task_plan(definition);

  REQUIRE_FALSE(checked.has_value());
  CHECK(checked.error().code == "ResourceInitializationError");
}

}  // namespace ikada
