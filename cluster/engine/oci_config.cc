#include "cluster/engine/oci_config.h"

#include <algorithm>

#include "cluster/engine/environment.h"
#include "runtime/base/text.h"
#include "runtime/security/default_profile.h"

namespace ikada {
namespace {

constexpr const char* kDefaultPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
// A fork bomb is survivable; docker's default is no limit at all.
constexpr std::int64_t kDefaultPids = 4096;
constexpr std::int64_t kCpuPeriodUs = 100'000;

Json plan_rlimits(const std::vector<UlimitSpec>& ulimits) {
  Json rlimits = Json::array();
  const auto value = [](std::int64_t number) {
    return number < 0 ? Json(UINT64_MAX) : Json(static_cast<std::uint64_t>(number));
  };
  for (const UlimitSpec& each : ulimits) {
    std::string type = "RLIMIT_" + each.name;
    std::transform(type.begin(), type.end(), type.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    rlimits.push_back({{"type", type}, {"soft", value(each.soft)}, {"hard", value(each.hard)}});
  }
  return rlimits;
}

std::vector<std::string> plan_args(const ContainerRecord& record) {
  if (!record.spec.init) return record.args;
  std::vector<std::string> args = {kInitPath, "init-process", "--"};
  args.insert(args.end(), record.args.begin(), record.args.end());
  return args;
}

Json plan_process(const OciConfigInputs& inputs, const std::vector<std::string>& capabilities) {
  const ContainerSpec& spec = inputs.record.spec;
  Json user = {{"uid", inputs.user.uid}, {"gid", inputs.user.gid}};
  if (!inputs.user.additional_gids.empty()) user["additionalGids"] = inputs.user.additional_gids;
  // A program that is not root gets its capabilities only by file capabilities or set-user-id, so
  // that only the bounding set is left; the inheritable and ambient sets are always empty.
  const std::vector<std::string> granted =
      inputs.user.uid == 0 ? capabilities : std::vector<std::string>();
  Json process = {
      {"terminal", spec.terminal},
      {"user", std::move(user)},
      {"args", plan_args(inputs.record)},
      {"env", plan_environment(inputs.record, inputs.hostname, inputs.user.home)},
      {"cwd", spec.working_dir.empty() ? "/" : spec.working_dir},
      {"capabilities",
       {{"bounding", capabilities},
        {"effective", granted},
        {"permitted", granted},
        {"inheritable", Json::array()},
        {"ambient", Json::array()}}},
      {"noNewPrivileges", spec.security.no_new_privileges},
  };
  if (!spec.ulimits.empty()) process["rlimits"] = plan_rlimits(spec.ulimits);
  if (spec.oom_score_adj != 0) process["oomScoreAdj"] = spec.oom_score_adj;
  if (!spec.security.apparmor_profile.empty()) {
    process["apparmorProfile"] = spec.security.apparmor_profile;
  }
  return process;
}

Json plan_namespaces(const ContainerSpec& spec) {
  Json namespaces = Json::array({{{"type", "mount"}}, {{"type", "cgroup"}}});
  if (spec.uts_mode != "host") namespaces.push_back({{"type", "uts"}});
  if (spec.ipc_mode != "host") namespaces.push_back({{"type", "ipc"}});
  if (spec.pid_mode != "host") namespaces.push_back({{"type", "pid"}});
  if (spec.network.mode != "host") namespaces.push_back({{"type", "network"}});
  return namespaces;
}

Json plan_device_rules(const OciConfigInputs& inputs) {
  if (inputs.record.spec.security.privileged) {
    return Json::array({{{"allow", true}, {"access", "rwm"}}});
  }
  Json rules = default_device_rules();
  for (const HostDevice& each : inputs.devices) {
    rules.push_back({{"allow", true},
                     {"type", std::string(1, each.type)},
                     {"major", each.major},
                     {"minor", each.minor},
                     {"access", each.permissions}});
  }
  return rules;
}

Json plan_resources(const OciConfigInputs& inputs) {
  const ResourceSpec& wish = inputs.record.spec.resources;
  Json resources = plan_oci_limits(wish);
  resources["devices"] = plan_device_rules(inputs);
  if (!wish.pids.has_value() && inputs.has_pids_controller) {
    resources["pids"]["limit"] = kDefaultPids;
  }
  return resources;
}

Json plan_sysctl(const ContainerSpec& spec, bool has_ipv6) {
  Json sysctls = Json::object();
  // The bridge network has no IPv6: nobody beside a container may give it addresses and routes by
  // a router advertisement (CVE-2020-13401).
  if (spec.network.mode == "bridge" && has_ipv6) {
    sysctls["net.ipv6.conf.eth0.disable_ipv6"] = "1";
  }
  if (spec.network.mode == "bridge" || spec.network.mode == "none") {
    sysctls["net.ipv4.ping_group_range"] = "0 2147483647";
    sysctls["net.ipv4.ip_unprivileged_port_start"] = "0";
  }
  for (const auto& [name, value] : spec.sysctls) sysctls[name] = value;
  return sysctls;
}

Json plan_devices(const std::vector<HostDevice>& devices) {
  Json nodes = Json::array();
  for (const HostDevice& each : devices) {
    nodes.push_back({{"path", each.path},
                     {"type", std::string(1, each.type)},
                     {"major", each.major},
                     {"minor", each.minor},
                     {"fileMode", each.mode},
                     {"uid", each.uid},
                     {"gid", each.gid}});
  }
  return nodes;
}

}  // namespace

std::vector<std::string> plan_environment(const ContainerRecord& record,
                                          const std::string& hostname,
                                          const std::string& home) {
  Environment env({kDefaultPath, "HOSTNAME=" + hostname});
  if (record.spec.terminal) env.set("TERM=xterm");
  for (const std::string& each : record.spec.env) env.set(each);
  if (!env.has("HOME")) env.set("HOME=" + home);
  return std::move(env).take();
}

Json plan_oci_limits(const ResourceSpec& wish) {
  Json resources = Json::object();
  if (wish.memory_bytes != 0) {
    resources["memory"]["limit"] = wish.memory_bytes;
    // As much swap again as memory, which is docker's default.
    resources["memory"]["swap"] = wish.memory_swap_bytes.has_value() ? Json(*wish.memory_swap_bytes)
                                                                     : Json(wish.memory_bytes * 2);
  }
  if (wish.memory_reservation_bytes != 0) {
    resources["memory"]["reservation"] = wish.memory_reservation_bytes;
  }
  if (wish.nano_cpus != 0) {
    resources["cpu"]["period"] = kCpuPeriodUs;
    resources["cpu"]["quota"] =
        wish.nano_cpus / 1'000'000'000 * kCpuPeriodUs + wish.nano_cpus % 1'000'000'000 / 10'000;
  }
  if (wish.cpu_shares != 0) resources["cpu"]["shares"] = wish.cpu_shares;
  if (!wish.cpuset_cpus.empty()) resources["cpu"]["cpus"] = wish.cpuset_cpus;
  if (wish.pids.has_value() && *wish.pids > 0) resources["pids"]["limit"] = *wish.pids;
  return resources;
}

Result<Json> plan_oci_config(const OciConfigInputs& inputs) {
  const ContainerSpec& spec = inputs.record.spec;
  IK_LET(capabilities, plan_capabilities(spec.security, inputs.available_capabilities));
  IK_LET(seccomp, plan_seccomp(spec.security, capabilities));
  Json linux_part = {
      {"namespaces", plan_namespaces(spec)},
      {"cgroupsPath", "/ikada/" + inputs.record.id},
      {"resources", plan_resources(inputs)},
      {"rootfsPropagation", "rprivate"},
  };
  if (!inputs.devices.empty()) linux_part["devices"] = plan_devices(inputs.devices);
  Json sysctls = plan_sysctl(spec, inputs.has_ipv6);
  if (!sysctls.empty()) linux_part["sysctl"] = std::move(sysctls);
  if (!seccomp.is_null()) linux_part["seccomp"] = std::move(seccomp);
  if (!spec.security.privileged && !spec.security.unmask_paths) {
    const auto masked = default_masked_paths();
    const auto read_only = default_readonly_paths();
    linux_part["maskedPaths"] = std::vector<std::string>(masked.begin(), masked.end());
    linux_part["readonlyPaths"] = std::vector<std::string>(read_only.begin(), read_only.end());
  }
  Json config = {
      {"ociVersion", "1.0.2"},
      {"process", plan_process(inputs, capabilities)},
      {"root",
       {{"path", inputs.layout.container_file(inputs.record.id, "rootfs")},
        {"readonly", spec.read_only_rootfs}}},
      {"mounts", plan_oci_mounts(inputs)},
      {"linux", std::move(linux_part)},
  };
  if (spec.uts_mode != "host") {
    config["hostname"] = inputs.hostname;
    if (!spec.domainname.empty()) config["domainname"] = spec.domainname;
  }
  return config;
}

}  // namespace ikada
