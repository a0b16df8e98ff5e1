#include "cluster/engine/oci_config.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "runtime/security/default_profile.h"
#include "tests/golden_file.h"

namespace ikada {
namespace {

const EngineLayout kLayout{.root = "/var/lib/ikada", .run_root = "/run/ikada"};

// As on a host that holds back no capability.
std::vector<std::string> every_capability() {
  const auto all = all_capabilities();
  return {all.begin(), all.end()};
}

ContainerRecord make_record(ContainerSpec spec) {
  ContainerRecord record;
  record.id = "4f1c" + std::string(60, '0');
  record.name = "web";
  record.spec = std::move(spec);
  record.args = {"sh", "-c", "true"};
  return record;
}

Result<Json> plan(const ContainerRecord& record, const std::vector<HostDevice>& devices = {}) {
  return plan_oci_config({.record = record,
                          .layout = kLayout,
                          .user = {.uid = record.spec.user.empty() ? 0U : 1000U, .home = "/root"},
                          .layers = {"/layers/lowest", "/layers/topmost"},
                          .devices = devices,
                          .runtime_program = "/usr/bin/ikada-runtime",
                          .hostname = "web",
                          .available_capabilities = every_capability(),
                          .has_pids_controller = true});
}

// The seccomp profile has its own tests and would drown the rest.
std::string without_seccomp(Json config) {
  config["linux"].erase("seccomp");
  return config.dump(2) + "\n";
}

bool has_namespace(const Json& config, const char* type) {
  for (const Json& each : config["linux"]["namespaces"]) {
    if (each["type"] == type) return true;
  }
  return false;
}

const Json* find_mount(const Json& config, const char* destination) {
  for (const Json& each : config["mounts"]) {
    if (each["destination"] == destination) return &each;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("plan_oci_config gives an ordinary container Docker's defaults") {
  const Result<Json> config = plan(make_record({}));

  REQUIRE(config.has_value());
  CHECK((*config)["linux"]["seccomp"].is_object());
  check_golden("cluster/engine/oci_config_default.json", without_seccomp(*config));
}

TEST_CASE("plan_oci_config carries every option") {
  ContainerSpec spec;
  spec.env = {"A=1", "PATH=/mine"};
  spec.user = "web";
  spec.working_dir = "/srv";
  spec.domainname = "lan";
  spec.mounts = {
      {.type = MountSpec::Type::kTmpfs, .destination = "/run/deep/er", .options = {"size=1m"}},
      {.source = "/host", .destination = "/data", .read_only = true},
      {.type = MountSpec::Type::kVolume, .source = "vol", .destination = "/run"},
      {.source = "/shm", .destination = "/dev/shm", .options = {"rshared"}}};
  spec.ulimits = {{"nofile", 1024, 2048}, {"core", -1, -1}};
  spec.sysctls = {{"net.ipv4.ip_forward", "1"}};
  spec.read_only_rootfs = true;
  spec.init = true;
  spec.terminal = true;
  spec.oom_score_adj = 100;
  spec.resources = {.memory_bytes = 64 << 20,
                    .nano_cpus = 1'500'000'000,
                    .cpu_shares = 512,
                    .cpuset_cpus = "0",
                    .pids = 10};
  spec.security = {
      .add_capabilities = {"net_admin"}, .drop_capabilities = {"MKNOD"}, .no_new_privileges = true};

  const Result<Json> config =
      plan(make_record(spec), {{.path = "/dev/fuse", .major = 10, .minor = 229}});

  REQUIRE(config.has_value());
  check_golden("cluster/engine/oci_config_options.json", without_seccomp(*config));
}

TEST_CASE("a privileged container keeps nothing masked and every capability") {
  const Result<Json> config = plan(make_record({.security = {.privileged = true}}));

  REQUIRE(config.has_value());
  const Json& part = (*config)["linux"];
  CHECK_FALSE(part.contains("seccomp"));
  CHECK_FALSE(part.contains("maskedPaths"));
  CHECK_FALSE(part.contains("readonlyPaths"));
  CHECK(part["resources"]["devices"] == Json::array({{{"allow", true}, {"access", "rwm"}}}));
  CHECK((*config)["process"]["capabilities"]["effective"].size() > 14);
  CHECK((*config)["process"]["capabilities"]["inheritable"].empty());
}

TEST_CASE("namespaces of the host are left out") {
  ContainerSpec spec;
  spec.network.mode = "host";
  spec.pid_mode = "host";
  spec.ipc_mode = "host";
  spec.uts_mode = "host";

  const Result<Json> config = plan(make_record(spec));

  REQUIRE(config.has_value());
  for (const char* type : {"network", "pid", "ipc", "uts"}) {
    CAPTURE(type);
    CHECK_FALSE(has_namespace(*config, type));
  }
  CHECK(has_namespace(*config, "mount"));
  CHECK(has_namespace(*config, "cgroup"));
  CHECK_FALSE(config->contains("hostname"));
  CHECK_FALSE((*config)["linux"].contains("sysctl"));
}

TEST_CASE("the default pids limit is left out where there is no controller for it") {
  const ContainerRecord record = make_record({});
  const Result<Json> config = plan_oci_config({.record = record,
                                               .layout = kLayout,
                                               .layers = {"/l"},
                                               .hostname = "web",
                                               .has_pids_controller = false});

  REQUIRE(config.has_value());
  CHECK_FALSE((*config)["linux"]["resources"].contains("pids"));
}

TEST_CASE("a container's own mount takes the place of Docker's") {
  ContainerSpec spec;
  spec.mounts = {{.source = "/h", .destination = "/etc/hosts"}};

  const Result<Json> config = plan(make_record(spec));

  REQUIRE(config.has_value());
  const Json* mount = find_mount(*config, "/etc/hosts");
  REQUIRE(mount != nullptr);
  CHECK((*mount)["source"] == "/h");
}

TEST_CASE("plan_capabilities adds and drops by name in any spelling") {
  const auto plan_set = [](const std::vector<std::string>& add,
                           const std::vector<std::string>& drop) {
    return plan_capabilities({.add_capabilities = add, .drop_capabilities = drop},
                             every_capability());
  };
  CHECK(plan_set({}, {})->size() == 14);
  CHECK(plan_set({}, {"ALL"})->empty());
  CHECK(*plan_set({"chown"}, {"ALL"}) == std::vector<std::string>{"CAP_CHOWN"});
  CHECK(plan_set({"CAP_SYS_ADMIN"}, {})->size() == 15);
  CHECK(plan_set({"NET_RAW"}, {})->size() == 14);
  CHECK(plan_set({"ALL"}, {"sys_admin"})->size() == plan_set({"ALL"}, {})->size() - 1);
  const auto unknown = plan_set({"FLY"}, {});
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().message == "unknown capability: \"FLY\"");
}

TEST_CASE("plan_seccomp resolves a profile in Docker's form") {
  const std::string profile = R"({
    "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
    "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
    "syscalls": [
      {"names": ["read"], "action": "SCMP_ACT_ALLOW", "comment": "x", "includes": {}},
      {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
      {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
      {"names": ["sync_file_range2"], "action": "SCMP_ACT_ALLOW",
       "includes": {"arches": ["ppc64le"]}}]})";

  const Result<Json> resolved = plan_seccomp({.seccomp_profile = profile}, {"CAP_CHOWN"});

  REQUIRE(resolved.has_value());
  REQUIRE((*resolved)["syscalls"].size() == 2);
  CHECK((*resolved)["syscalls"][0]["names"] == Json::array({"read"}));
  CHECK_FALSE((*resolved)["syscalls"][0].contains("comment"));
  CHECK((*resolved)["syscalls"][1]["names"] == Json::array({"clone"}));
#ifdef __x86_64__
  CHECK((*resolved)["architectures"] == Json::array({"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"}));
#endif
}

TEST_CASE("plan_seccomp has nothing for unconfined containers and refuses nonsense") {
  CHECK(plan_seccomp({.privileged = true}, {})->is_null());
  CHECK(plan_seccomp({.seccomp_unconfined = true}, {})->is_null());
  CHECK_FALSE(plan_seccomp({.seccomp_profile = "[]"}, {}).has_value());
  CHECK_FALSE(plan_seccomp({.seccomp_profile = "{"}, {}).has_value());
}

}  // namespace ikada
