#include "cluster/model/task_definition_check.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

// A definition in single quotes; containers and what stands beside them.
TaskDefinition make_definition(std::string containers, const std::string& beside = "") {
  std::string text =
      "{'family':'web','containerDefinitions':[" + std::move(containers) + "]" + beside + "}";
  for (char& letter : text) letter = letter == '\'' ? '"' : letter;
  const Result<Json> json = parse_json(text);
  REQUIRE_MESSAGE(json.has_value(), text);
  TaskDefinition definition;
  JsonReader reader(*json, "definition");
  JsonFields fields(reader);
  describe_registration(fields, definition);
  REQUIRE(reader.done());
  return definition;
}

std::string refusal(const std::string& containers, const std::string& beside = "") {
  const Result<void> checked = check_task_definition(make_definition(containers, beside));
  if (checked.has_value()) return "";
  CHECK(checked.error().code == "ClientException");
  return checked.error().message;
}

// One container with further members.
std::string with(const std::string& members) {
  return refusal("{'name':'a','image':'i','memory':64" + members + "}");
}

TEST_CASE("the smallest definition is accepted") {
  CHECK(refusal("{'name':'a','image':'i','memory':64}") == "");
  CHECK(refusal("{'name':'a','image':'i'}", ",'memory':'128'") == "");
  CHECK(refusal("{'name':'a','image':'i','memoryReservation':64}") == "");
}

TEST_CASE("family, containers, names and images must be there") {
  TaskDefinition definition = make_definition("{'name':'a','image':'i','memory':64}");
  definition.family = "";
  CHECK(check_task_definition(definition).error().message == "Family should not be null or empty.");
  definition.family = "a/b";
  CHECK(check_task_definition(definition).error().message == "Family contains invalid characters.");
  CHECK(refusal("") == "Container list cannot be empty.");
  CHECK(refusal("{'image':'i','memory':64}") == "Container.name should not be null or empty.");
  CHECK(refusal("{'name':'a b','image':'i','memory':64}") ==
        "Container.name contains invalid characters.");
  CHECK(refusal("{'name':'a','memory':64}") == "Container.image should not be null or empty.");
  CHECK(refusal("{'name':'a','image':'i j','memory':64}") ==
        "Container.image contains invalid characters.");
  CHECK(refusal("{'name':'a','image':'i','memory':64},{'name':'a','image':'j','memory':64}") ==
        "Duplicate container name 'a'.");
}

TEST_CASE("at most ten containers") {
  std::string containers;
  for (int i = 0; i < 10; ++i) {
    containers += fmt::format("{}{{'name':'c{}','image':'i','memory':64}}", i == 0 ? "" : ",", i);
  }
  CHECK(refusal(containers) == "");
  CHECK(refusal(containers + ",{'name':'x','image':'i','memory':64}") ==
        "A task definition can have at most 10 containers.");
}

TEST_CASE("one container is essential") {
  CHECK(with(",'essential':false") ==
        "Task definition must have at least one essential container.");
}

TEST_CASE("memory is given, at least 6 MiB, and the soft limit not above the hard one") {
  CHECK(
      refusal("{'name':'a','image':'i'}") ==
      "Invalid setting for container 'a'. At least one of 'memory' or 'memoryReservation' must be "
      "specified.");
  CHECK(refusal("{'name':'a','image':'i','memory':5}") ==
        "Invalid setting for container 'a'. 'memory' must be at least 6.");
  CHECK(refusal("{'name':'a','image':'i','memoryReservation':5}") ==
        "Invalid setting for container 'a'. 'memoryReservation' must be at least 6.");
  CHECK(with(",'memoryReservation':64") == "");
  CHECK(with(",'memoryReservation':65") ==
        "Invalid setting for container 'a'. The 'memory' setting must not be less than "
        "'memoryReservation'.");
  CHECK(with(",'cpu':-1") == "Invalid 'cpu' setting for container 'a'.");
}

TEST_CASE("containers fit into the task") {
  const std::string container = "{'name':'a','image':'i','memory':512,'cpu':256}";
  CHECK(refusal(container, ",'cpu':'256','memory':'512'") == "");
  CHECK(refusal(container, ",'memory':'511'") ==
        "The 'memory' setting for container is greater than for the task.");
  CHECK(refusal(container, ",'cpu':'128'") ==
        "The sum of the 'cpu' settings of the containers is greater than for the task.");
  CHECK(refusal(container + ",{'name':'b','image':'i','memory':512}", ",'memory':'1000'") ==
        "The sum of the memory reservations of the containers is greater than for the task.");
  CHECK(refusal(container, ",'cpu':'many'") == "Invalid 'cpu' setting for task.");
  CHECK(refusal(container, ",'memory':'much'") == "Invalid 'memory' setting for task.");
}

TEST_CASE("words are known ones") {
  const std::string one = "{'name':'a','image':'i','memory':64}";
  CHECK(refusal(one, ",'networkMode':'nat'") == "Invalid network mode 'nat'.");
  CHECK(refusal(one, ",'pidMode':'x'") == "Invalid pid mode 'x'.");
  CHECK(refusal(one, ",'ipcMode':'x'") == "Invalid ipc mode 'x'.");
  CHECK(refusal(one, ",'requiresCompatibilities':['EC3']") == "Invalid compatibility 'EC3'.");
  CHECK(refusal(one, ",'runtimePlatform':{'cpuArchitecture':'RISC'}") ==
        "Invalid cpu architecture 'RISC'.");
  CHECK(refusal(one, ",'runtimePlatform':{'operatingSystemFamily':'WINDOWS_SERVER_2019_CORE'}") ==
        "Invalid operating system family 'WINDOWS_SERVER_2019_CORE'.");
  CHECK(refusal(one, ",'placementConstraints':[{'type':'distinctInstance'}]") ==
        "Invalid placement constraint type 'distinctInstance'.");
  CHECK(refusal(one, ",'placementConstraints':[{'type':'memberOf'}]") ==
        "A memberOf constraint needs an expression.");
}

TEST_CASE("ports follow the network mode") {
  const auto ports = [](const std::string& mapping, const std::string& mode) {
    return refusal("{'name':'a','image':'i','memory':64,'portMappings':[" + mapping + "]}",
                   mode.empty() ? "" : ",'networkMode':'" + mode + "'");
  };
  CHECK(ports("{'containerPort':80}", "") == "");
  CHECK(ports("{'containerPort':80,'hostPort':8080}", "bridge") == "");
  CHECK(ports("{'containerPort':80,'hostPort':80}", "awsvpc") == "");
  CHECK(ports("{'containerPort':80,'hostPort':8080}", "awsvpc") ==
        "When networkMode=awsvpc, the host ports and container ports in port mappings must match.");
  CHECK(ports("{'containerPort':80,'hostPort':8080}", "host") ==
        "When networkMode=host, the host ports and container ports in port mappings must match.");
  CHECK(ports("{'containerPort':80}", "none") ==
        "Port mappings are not supported when networkMode=none.");
  CHECK(ports("{'containerPort':0}", "") ==
        "Invalid containerPort in container 'a'. Ports are numbers from 1 to 65535.");
  CHECK(ports("{'hostPort':80}", "") ==
        "Invalid containerPort in container 'a'. Ports are numbers from 1 to 65535.");
  CHECK(ports("{'containerPort':80,'hostPort':65536}", "") ==
        "Invalid hostPort 65536 in container 'a'.");
  CHECK(ports("{'containerPort':80,'protocol':'sctp'}", "") ==
        "Invalid protocol 'sctp' in container 'a'.");
  CHECK(ports("{'containerPort':80,'appProtocol':'ftp'}", "") ==
        "Invalid appProtocol 'ftp' in container 'a'.");
  CHECK(ports("{'containerPort':80,'name':'-web'}", "") ==
        "Invalid port mapping name '-web' in container 'a'.");
  CHECK(ports("{'containerPort':80,'hostPort':80},{'containerPort':81,'hostPort':80}", "") ==
        "Duplicate hostPort 80 in container 'a'.");
  CHECK(ports("{'containerPort':53,'hostPort':53},"
              "{'containerPort':53,'hostPort':53,'protocol':'udp'}",
              "") == "");
  CHECK(ports("{'containerPortRange':'8000-8010'}", "") == "");
  CHECK(ports("{'containerPortRange':'8010-8000'}", "") ==
        "Invalid containerPortRange '8010-8000'.");
  CHECK(ports("{'containerPortRange':'8000-8010','containerPort':1}", "") ==
        "containerPortRange can not stand beside containerPort or hostPort.");
  CHECK(ports("{'containerPortRange':'8000-8010'}", "host") ==
        "containerPortRange is not supported when networkMode=host.");
}

TEST_CASE("dependencies exist, have a condition that can come true, and no cycle") {
  const auto pair = [](const std::string& a, const std::string& b) {
    return refusal("{'name':'a','image':'i','memory':64" + a +
                   "},{'name':'b','image':'i','memory':64" + b + "}");
  };
  const std::string on_b = ",'dependsOn':[{'containerName':'b','condition':'";
  CHECK(pair(on_b + "START'}]", "") == "");
  CHECK(pair(on_b + "SUCCESS'}]", ",'essential':false") == "");
  CHECK(
      pair(on_b + "SUCCESS'}]", "") ==
      "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container");
  CHECK(
      pair(on_b + "COMPLETE'}]", "") ==
      "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container");
  CHECK(pair(on_b + "HEALTHY'}]", "") ==
        "A dependency container with HEALTHY condition must have a health check: 'b'.");
  CHECK(pair(on_b + "HEALTHY'}]", ",'healthCheck':{'command':['CMD','true']}") == "");
  CHECK(pair(on_b + "SOON'}]", "") == "Invalid dependency condition 'SOON'.");
  CHECK(pair(",'dependsOn':[{'containerName':'c','condition':'START'}]", "") ==
        "Cannot depend on container + 'c' because it does not exist");
  CHECK(pair(on_b + "START'}]", ",'dependsOn':[{'containerName':'a','condition':'START'}]") ==
        "Container dependencies should not have a cycle");
  CHECK(pair("", ",'dependsOn':[{'containerName':'b','condition':'START'}]") ==
        "Container dependencies should not have a cycle");
}

TEST_CASE("a hostname is not for containers of a task that has an interface of its own") {
  const std::string named = "{'name':'a','image':'i','memory':64,'hostname':'h'}";
  CHECK(refusal(named) == "");
  CHECK(refusal(named, ",'networkMode':'awsvpc'") ==
        "hostname is not supported on container when networkMode=awsvpc.");
}

TEST_CASE("links are for bridge mode, name a container, and have no cycle") {
  const std::string b = ",{'name':'b','image':'i','memory':64}";
  CHECK(refusal("{'name':'a','image':'i','memory':64,'links':['b','b:db']}" + b) == "");
  CHECK(refusal("{'name':'a','image':'i','memory':64,'links':['b']}" + b,
                ",'networkMode':'awsvpc'") == "Links are not supported when networkMode=awsvpc.");
  CHECK(refusal("{'name':'a','image':'i','memory':64,'links':['c']}" + b) ==
        "Invalid link 'c' in container 'a'.");
  CHECK(refusal("{'name':'a','image':'i','memory':64,'links':['b:']}" + b) ==
        "Invalid link 'b:' in container 'a'.");
  CHECK(refusal("{'name':'a','image':'i','memory':64,'links':['b']},"
                "{'name':'b','image':'i','memory':64,'links':['a']}") ==
        "Container links should not have a cycle");
}

TEST_CASE("volumes are named, of one kind, and known where they are mounted") {
  const std::string mount =
      "{'name':'a','image':'i','memory':64,'mountPoints':["
      "{'sourceVolume':'v','containerPath':'/data'}]}";
  CHECK(refusal(mount, ",'volumes':[{'name':'v'}]") == "");
  CHECK(refusal(mount) == "Unknown volume 'v'.");
  CHECK(refusal(mount, ",'volumes':[{'name':'v'},{'name':'v'}]") == "Duplicate volume name 'v'.");
  CHECK(refusal(mount, ",'volumes':[{'name':''}]") == "Volume name should not be null or empty.");
  CHECK(refusal(mount, ",'volumes':[{'name':'v','host':{'sourcePath':'data'}}]") ==
        "The host path of the volume 'v' must be absolute.");
  CHECK(
      refusal(mount, ",'volumes':[{'name':'v','host':{},'dockerVolumeConfiguration':{}}]") ==
      "When the volume parameter is specified, only one volume configuration type should be used: "
      "'v'.");
  CHECK(refusal(mount,
                ",'volumes':[{'name':'v','dockerVolumeConfiguration':{'autoprovision':true}}]") ==
        "Volume 'v': autoprovision is for the scope shared.");
  CHECK(refusal("{'name':'a','image':'i','memory':64,'mountPoints':["
                "{'sourceVolume':'v','containerPath':'data'}]}",
                ",'volumes':[{'name':'v'}]") ==
        "The container path of the volume 'v' must be absolute.");
  const auto shared = [&](const char* name, const char* scope) {
    return refusal(
        "{'name':'a','image':'i','memory':64}",
        fmt::format(",'volumes':[{{'name':'{}','dockerVolumeConfiguration':{{'scope':'{}'}}}}]",
                    name,
                    scope));
  };
  for (const char* name : {"v", "_v", "-v"}) {
    CHECK(shared(name, "shared").starts_with(fmt::format("Volume '{}': a shared", name)));
    CHECK(shared(name, "task") == "");
  }
  CHECK(shared("v1", "shared") == "");
  CHECK(with(",'volumesFrom':[{'sourceContainer':'x'}]") ==
        "Unknown container 'x' in volumesFrom.");
  CHECK(with(",'volumesFrom':[{'sourceContainer':'a'}]") ==
        "Container volumesFrom should not have a cycle");
}

TEST_CASE("health checks have a command and times within bounds") {
  const auto check = [](const std::string& members) {
    return with(",'healthCheck':{'command':['CMD-SHELL','true']" + members + "}");
  };
  CHECK(check("") == "");
  CHECK(check(",'interval':5,'timeout':60,'retries':10,'startPeriod':300") == "");
  CHECK(check(",'interval':4") ==
        "Invalid health check interval 4 for container 'a'. It must be between 5 and 300.");
  CHECK(check(",'timeout':61") ==
        "Invalid health check timeout 61 for container 'a'. It must be between 2 and 60.");
  CHECK(check(",'retries':0") ==
        "Invalid health check retries 0 for container 'a'. It must be between 1 and 10.");
  CHECK(check(",'startPeriod':301") ==
        "Invalid health check startPeriod 301 for container 'a'. It must be between 0 and 300.");
  CHECK(with(",'healthCheck':{'command':['true']}") ==
        "The health check command of container 'a' must start with CMD or CMD-SHELL and have a "
        "command behind it.");
}

TEST_CASE("ulimits, capabilities, devices and memory parameters are known ones") {
  CHECK(with(",'ulimits':[{'name':'nofile','softLimit':1024,'hardLimit':-1}]") == "");
  CHECK(with(",'ulimits':[{'name':'files','softLimit':1,'hardLimit':1}]") ==
        "Invalid ulimit name 'files' in container 'a'.");
  CHECK(
      with(",'ulimits':[{'name':'core','softLimit':2,'hardLimit':1}]") ==
      "The soft limit of ulimit 'core' in container 'a' must not be greater than its hard limit.");
  CHECK(with(",'ulimits':[{'name':'core','softLimit':0,'hardLimit':1},"
             "{'name':'core','softLimit':0,'hardLimit':1}]") ==
        "Duplicate ulimit 'core' in container 'a'.");
  CHECK(with(",'linuxParameters':{'capabilities':{'add':['SYS_PTRACE'],'drop':['ALL']}}") == "");
  CHECK(with(",'linuxParameters':{'capabilities':{'drop':['FLY']}}") ==
        "Invalid capability 'FLY' in container 'a'.");
  CHECK(with(",'linuxParameters':{'devices':[{'hostPath':'/dev/kvm','permissions':['eat']}]}") ==
        "Invalid device permission 'eat' in container 'a'.");
  CHECK(with(",'linuxParameters':{'devices':[{'hostPath':'kvm'}]}") ==
        "The host path of a device of container 'a' must be absolute.");
  CHECK(with(",'linuxParameters':{'swappiness':101}") ==
        "Invalid swappiness 101 in container 'a'. It must be between 0 and 100.");
  CHECK(with(",'linuxParameters':{'tmpfs':[{'containerPath':'/t','size':0}]}") ==
        "A tmpfs of container 'a' needs an absolute path and a size.");
}

TEST_CASE("restart policies, environment, secrets and logs") {
  CHECK(with(",'restartPolicy':{'enabled':true,'restartAttemptPeriod':60}") == "");
  CHECK(with(",'restartPolicy':{'enabled':true,'restartAttemptPeriod':59}") ==
        "Invalid restartAttemptPeriod 59 for container 'a'. It must be between 60 and 1800.");
  CHECK(with(",'restartPolicy':{'enabled':true,'ignoredExitCodes':[256]}") ==
        "Invalid ignored exit code 256 for container 'a'. It must be between 0 and 255.");
  CHECK(with(",'environment':[{'name':'','value':'x'}]") ==
        "Environment variable names of container 'a' must not be empty.");
  CHECK(with(",'environment':[{'name':'a=b'}]") ==
        "Invalid environment variable name in container 'a'.");
  CHECK(with(",'environmentFiles':[{'type':'s3','value':'arn:aws:s3:::b/x.env'}]") == "");
  CHECK(with(",'environmentFiles':[{'type':'s3','value':'arn:aws:s3:::b/x.txt'}]") ==
        "Environment files must have the extension .env: 'arn:aws:s3:::b/x.txt'.");
  CHECK(with(",'environmentFiles':[{'type':'http','value':'x.env'}]") ==
        "Invalid environment file type 'http'.");
  CHECK(
      with(",'environment':[{'name':'A','value':'x'}],'secrets':[{'name':'A','valueFrom':'p'}]") ==
      "The secret name must be unique and not shared with any new or existing environment "
      "variables set on the container, such as 'A'");
  CHECK(with(",'secrets':[{'name':'A','valueFrom':''}]") ==
        "A secret of container 'a' needs a name and valueFrom.");
  CHECK(with(",'logConfiguration':{'logDriver':'paper'}") == "Invalid log driver 'paper'.");
  CHECK(with(",'logConfiguration':{'logDriver':'awslogs','options':{'awslogs-group':'g'}}") ==
        "Log driver awslogs requires options: awslogs-group, awslogs-region.");
  CHECK(with(",'stopTimeout':86400") == "");
  CHECK(with(",'stopTimeout':-1").starts_with("Invalid stopTimeout -1 for container 'a'."));
}

TEST_CASE("Fargate asks for awsvpc and for sizes that it knows") {
  const std::string one = "{'name':'a','image':'i'}";
  const std::string fargate = ",'requiresCompatibilities':['FARGATE']";
  CHECK(refusal(one, fargate + ",'networkMode':'awsvpc','cpu':'256','memory':'512'") == "");
  CHECK(refusal(one, fargate + ",'cpu':'256','memory':'512'") ==
        "Fargate only supports network mode 'awsvpc'.");
  CHECK(refusal(one, fargate + ",'networkMode':'awsvpc','memory':'512'") ==
        "Fargate requires that 'cpu' and 'memory' be defined at the task level.");
  CHECK(refusal(one, fargate + ",'networkMode':'awsvpc','cpu':'256','memory':'4096'") ==
        "No Fargate configuration exists for given values.");
}

}  // namespace
}  // namespace ikada
