#include "runtime/spec/config.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <doctest/doctest.h>

namespace ikada {
namespace {

Json make_config() {
  return {{"ociVersion", "1.0.2"},
          {"process", {{"args", {"true"}}, {"cwd", "/"}}},
          {"root", {{"path", "rootfs"}}},
          {"linux", {{"namespaces", {{{"type", "mount"}}, {{"type", "pid"}}}}}}};
}

std::string error_of(const Json& json) {
  const Result<OciConfig> config = parse_oci_config(json);
  return config.has_value() ? "" : config.error().message;
}

Json make_config_with(const char* pointer, Json value) {
  Json json = make_config();
  json[Json::json_pointer(pointer)] = std::move(value);
  return json;
}

TEST_CASE("a small config has the defaults of the specification") {
  const OciConfig config = parse_oci_config(make_config()).value();

  CHECK(config.process.args == std::vector<std::string>{"true"});
  CHECK(config.process.user.uid == 0);
  CHECK(config.process.capabilities.bounding == 0);
  CHECK(!config.process.no_new_privileges);
  CHECK(!config.root_readonly);
  CHECK(config.linux_part.has_new_namespace(CLONE_NEWPID));
  CHECK(config.linux_part.find_namespace(CLONE_NEWNET) == nullptr);
  CHECK(config.linux_part.seccomp.is_null());
}

TEST_CASE("a wrong field is named") {
  CHECK(error_of(make_config_with("/process/args", Json::array())) ==
        "config.json: process.args: expected at least one argument");
  CHECK(error_of(make_config_with("/process/cwd", "tmp")) ==
        "config.json: process.cwd: expected an absolute path");
  CHECK(error_of(make_config_with("/process/user/uid", 4294967295)) ==
        "config.json: process.user.uid: number out of range");
  CHECK(error_of(make_config_with("/process/user/additionalGids", Json::array({-1}))) ==
        "config.json: process.user.additionalGids: number out of range");
  CHECK(error_of(make_config_with("/process/user/umask", 01000)) ==
        "config.json: process.user.umask: number out of range");
  CHECK(error_of(make_config_with("/process/oomScoreAdj", -1001)) ==
        "config.json: process.oomScoreAdj: number out of range");
  CHECK(error_of(make_config_with("/ociVersion", "2.0.0")) ==
        "config.json: ociVersion: unsupported version: 2.0.0");
  CHECK(error_of(make_config_with("/linux/rootfsPropagation", "rpublic")) ==
        "config.json: linux.rootfsPropagation: unknown word: rpublic");
  CHECK(error_of(make_config_with("/linux/maskedPaths", Json::array({"proc"}))) ==
        "config.json: linux.maskedPaths: expected an absolute path");
  CHECK(error_of(make_config_with("/linux/intelRdt", {{"closID", "x"}})) ==
        "config.json: linux.intelRdt: not supported");
}

TEST_CASE("no text that becomes a C string holds a NUL byte") {
  const std::string nul("a\0b", 3);
  for (const char* pointer : {"/process/args/0",
                              "/process/cwd",
                              "/root/path",
                              "/hostname",
                              "/linux/cgroupsPath",
                              "/process/apparmorProfile"}) {
    CAPTURE(pointer);
    const bool absolute = std::string_view(pointer) == "/process/cwd";
    CHECK(error_of(make_config_with(pointer, absolute ? "/" + nul : nul))
              .ends_with("holds a NUL byte"));
  }
}

TEST_CASE("names and mappings need the namespaces they belong to") {
  CHECK(error_of(make_config_with("/hostname", "web")) ==
        "config.json: hostname: needs a uts namespace");
  CHECK(error_of(make_config_with("/linux/namespaces", Json::array({{{"type", "pid"}}}))) ==
        "config.json: linux.namespaces: a mount namespace is needed");
  CHECK(error_of(make_config_with("/linux/namespaces/2", {{"type", "user"}})) ==
        "config.json: linux.uidMappings: missing");
  CHECK(error_of(make_config_with("/linux/namespaces/2", {{"type", "pid"}})) ==
        "config.json: linux.namespaces[2].type: stands twice");
}

TEST_CASE("hooks of prestart come before those of createRuntime") {
  const Json hooks = {{"createRuntime", {{{"path", "/b"}}}},
                      {"prestart", {{{"path", "/a"}, {"timeout", 3}}}}};

  const OciConfig config = parse_oci_config(make_config_with("/hooks", hooks)).value();

  REQUIRE(config.hooks.create_runtime.size() == 2);
  CHECK(config.hooks.create_runtime[0].path == "/a");
  CHECK(config.hooks.create_runtime[0].timeout_s == 3);
  CHECK(config.hooks.create_runtime[1].args == std::vector<std::string>{"/b"});
}

TEST_CASE("a device keeps its permissions and gets its type") {
  const Json device = {{"path", "/dev/fuse"},
                       {"type", "c"},
                       {"major", 10},
                       {"minor", 229},
                       {"fileMode", 0100644},
                       {"uid", 1}};

  const OciConfig config =
      parse_oci_config(make_config_with("/linux/devices", Json::array({device}))).value();

  CHECK(config.linux_part.devices[0].mode == (S_IFCHR | 0644));
  CHECK(config.linux_part.devices[0].uid == 1);
}

TEST_CASE("a mount destination without its slash gets one") {
  const Json mount = {{"destination", "proc"}, {"type", "proc"}};

  const OciConfig config =
      parse_oci_config(make_config_with("/mounts", Json::array({mount}))).value();

  CHECK(config.mounts[0].destination == "/proc");
}

}  // namespace
}  // namespace ikada
