#include "cmd/ikada/host_description.h"

#include <sched.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "cmd/ikada/container_rows.h"
#include "cmd/ikada/open_engine.h"
#include "image/credentials.h"
#include "image/platform.h"
#include "image/store.h"
#include "runtime/base/text.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

int usable_cpus() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return CPU_COUNT(&set);
}

std::uint64_t memory_bytes() {
  struct sysinfo info {};
  if (::sysinfo(&info) != 0) return 0;
  return std::uint64_t{info.totalram} * info.mem_unit;
}

// cgroup v2's controllers that are there; on a hybrid host some belong to v1.
Json describe_cgroups() {
  Json cgroups = {{"CgroupDriver", "cgroupfs"},
                  {"CgroupVersion", "2"},
                  {"CgroupMount", ""},
                  {"CgroupControllers", Json::array()}};
  const Result<std::string> mount = find_cgroup2_mount();
  if (!mount.has_value()) {
    cgroups["CgroupVersion"] = "none";
    return cgroups;
  }
  cgroups["CgroupMount"] = *mount;
  const std::string list = read_file(*mount + "/cgroup.controllers").value_or(std::string());
  for (const std::string_view name : split(trim(list), ' ')) {
    if (!name.empty()) cgroups["CgroupControllers"].push_back(name);
  }
  return cgroups;
}

Json security_options() {
  Json options = {"name=seccomp,profile=builtin", "name=cgroupns"};
  if (::access("/sys/kernel/security/apparmor", F_OK) == 0) {
    options.insert(options.begin(), "name=apparmor");
  }
  return options;
}

Result<void> count_containers(const Context& context, Json& info) {
  IK_LET(containers, list_all_containers(engine_layout(context)));
  const auto count = [&](LiveState state) {
    return std::ranges::count_if(containers, [&](const ListedContainer& container) {
      return container.status.state == state;
    });
  };
  const auto running = count(LiveState::kRunning);
  const auto paused = count(LiveState::kPaused);
  const auto all = static_cast<std::ptrdiff_t>(containers.size());
  info["Containers"] = all;
  info["ContainersRunning"] = running;
  info["ContainersPaused"] = paused;
  info["ContainersStopped"] = all - running - paused;
  return {};
}

}  // namespace

std::string operating_system_name(std::string_view os_release) {
  for (const std::string_view line : split(os_release, '\n')) {
    const Cut field = cut(line, '=');
    if (field.before != "PRETTY_NAME") continue;
    std::string_view name = trim(field.after);
    if (name.size() >= 2 && (name.front() == '"' || name.front() == '\'')) {
      name = name.substr(1, name.size() - 2);
    }
    return std::string(name);
  }
  return "Linux";
}

Result<Json> describe_host(const Context& context) {
  if (::geteuid() != 0) {
    return make_error(ErrorKind::kDenied, "permission denied: ikada has to run as root");
  }
  IK_LET(store, ImageStore::open(context.root));
  IK_LET(images, store.list());
  utsname kernel{};
  ::uname(&kernel);
  Json info = describe_cgroups();
  IK_TRY(count_containers(context, info));
  info["Images"] = images.size();
  info["ServerVersion"] = IKADA_VERSION;
  info["Driver"] = "overlay";
  info["DockerRootDir"] = context.root;
  info["RunDir"] = context.run_root;
  info["KernelVersion"] = kernel.release;
  info["OperatingSystem"] =
      operating_system_name(read_file("/etc/os-release").value_or(std::string()));
  info["OSType"] = host_platform().os;
  info["Architecture"] = kernel.machine;
  info["NCPU"] = usable_cpus();
  info["MemTotal"] = memory_bytes();
  info["Name"] = kernel.nodename;
  info["SecurityOptions"] = security_options();
  info["DefaultRuntime"] = "ikada-runtime";
  info["Network"] = {{"Bridge", "ikada0"}, {"Modes", {"bridge", "host", "none"}}};
  info["ConfigFile"] = context.config_path;
  info["CredentialsFile"] = default_credentials_path();
  return info;
}

}  // namespace ikada
