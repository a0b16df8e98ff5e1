#include <unistd.h>

#include <algorithm>

#include "cmd/ikada-runtime/arguments.h"
#include "cmd/ikada-runtime/commands.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/json.h"
#include "runtime/security/default_profile.h"

namespace ikada {
namespace {

Json mount(const char* destination,
           const char* type,
           const char* source,
           std::vector<std::string> options) {
  return {{"destination", destination},
          {"type", type},
          {"source", source},
          {"options", std::move(options)}};
}

Json default_mounts() {
  return Json::array({
      mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
      mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount("/dev/pts",
            "devpts",
            "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
      mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
      mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
      mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
      mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}),
  });
}

template <typename Names>
std::vector<std::string> strings(const Names& names) {
  return {names.begin(), names.end()};
}

Json default_config() {
  const std::vector<std::string> capabilities = strings(default_capabilities());
  Json namespaces = Json::array();
  for (const char* each : {"pid", "network", "ipc", "uts", "mount", "cgroup"}) {
    namespaces.push_back({{"type", each}});
  }
  return {
      {"ociVersion", "1.0.2"},
      {"process",
       {{"terminal", true},
        {"user", {{"uid", 0}, {"gid", 0}}},
        {"args", {"sh"}},
        {"env",
         {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"}},
        {"cwd", "/"},
        {"capabilities",
         {{"bounding", capabilities}, {"effective", capabilities}, {"permitted", capabilities}}},
        {"noNewPrivileges", true}}},
      {"root", {{"path", "rootfs"}, {"readonly", true}}},
      {"hostname", "ikada"},
      {"mounts", default_mounts()},
      {"linux",
       {{"namespaces", namespaces},
        {"resources", {{"devices", default_device_rules()}}},
        {"seccomp", default_seccomp_profile(capabilities)},
        {"maskedPaths", strings(default_masked_paths())},
        {"readonlyPaths", strings(default_readonly_paths())}}},
  };
}

}  // namespace

Result<int> spec_command(const RuntimeContext& /*context*/, Words words) {
  std::string bundle = ".";
  const Option table[] = {{.name = "--bundle", .letter = "-b", .value = &bundle}};
  IK_LET(arguments, parse_all(words, table));
  if (!arguments.empty()) return make_error(ErrorKind::kInvalid, "expected no arguments");
  const std::string path = bundle + "/config.json";
  if (::access(path.c_str(), F_OK) == 0) {
    return make_error(ErrorKind::kConflict, "{} exists already", path);
  }
  IK_TRY(write_file_atomically(path, default_config().dump(4) + "\n", 0644));
  return 0;
}

}  // namespace ikada
