#include "cmd/ikada/container_description.h"

#include "cluster/engine/record_plan.h"
#include "net/container_network.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

// Docker's zero time.
std::string time_or_zero(UnixNanos time) {
  return time == 0 ? "0001-01-01T00:00:00Z" : format_rfc3339(time);
}

Json list_or_null(const std::vector<std::string>& values) {
  return values.empty() ? Json() : Json(values);
}

Json describe_state(const LiveStatus& status) {
  return {
      {"Status", live_state_name(status.state)},
      {"Running", status.is_running()},
      {"Paused", status.state == LiveState::kPaused},
      {"Restarting", false},
      {"OOMKilled", status.oom_killed},
      {"Dead", false},
      {"Pid", status.pid},
      {"ExitCode", status.exit_code},
      {"Error", ""},
      {"StartedAt", time_or_zero(status.started_at)},
      {"FinishedAt", time_or_zero(status.finished_at)},
  };
}

Json describe_bindings(const std::vector<PortSpec>& ports) {
  Json bindings = Json::object();
  for (const PortSpec& each : ports) {
    const std::string host_port = each.host_port == 0 ? "" : fmt::format("{}", each.host_port);
    bindings[fmt::format("{}/{}", each.container_port, each.protocol)].push_back(
        {{"HostIp", each.host_ip}, {"HostPort", host_port}});
  }
  return bindings;
}

Json describe_ulimits(const std::vector<UlimitSpec>& ulimits) {
  Json list = Json::array();
  for (const UlimitSpec& each : ulimits) {
    list.push_back({{"Name", each.name}, {"Soft", each.soft}, {"Hard", each.hard}});
  }
  return list;
}

std::string bind_text(const MountSpec& mount) {
  return fmt::format("{}:{}{}", mount.source, mount.destination, mount.read_only ? ":ro" : "");
}

Json describe_devices(const std::vector<DeviceSpec>& devices) {
  Json list = Json::array();
  for (const DeviceSpec& each : devices) {
    list.push_back({{"PathOnHost", each.host_path},
                    {"PathInContainer", each.container_path},
                    {"CgroupPermissions", each.permissions}});
  }
  return list;
}

std::vector<std::string> security_options(const SecuritySpec& security) {
  std::vector<std::string> options;
  if (security.no_new_privileges) options.emplace_back("no-new-privileges");
  if (security.seccomp_unconfined) options.emplace_back("seccomp=unconfined");
  if (!security.seccomp_profile.empty()) {
    options.push_back("seccomp=" + security.seccomp_profile);
  }
  if (!security.apparmor_profile.empty()) {
    options.push_back("apparmor=" + security.apparmor_profile);
  }
  return options;
}

Json describe_host_config(const ContainerSpec& spec) {
  std::vector<std::string> binds;
  Json tmpfs = Json::object();
  for (const MountSpec& each : spec.mounts) {
    if (each.type == MountSpec::Type::kTmpfs) {
      tmpfs[each.destination] = join(each.options, ",");
    } else {
      binds.push_back(bind_text(each));
    }
  }
  const ResourceSpec& resources = spec.resources;
  const std::int64_t swap =
      resources.memory_swap_bytes.value_or(static_cast<std::int64_t>(resources.memory_bytes * 2));
  return {
      {"Binds", list_or_null(binds)},
      {"Tmpfs", tmpfs.empty() ? Json() : tmpfs},
      {"NetworkMode", spec.network.mode},
      {"PortBindings", describe_bindings(spec.network.ports)},
      {"PublishAllPorts", spec.network.publish_all},
      {"RestartPolicy", {{"Name", "no"}, {"MaximumRetryCount", 0}}},
      {"AutoRemove", spec.auto_remove},
      {"CapAdd", list_or_null(spec.security.add_capabilities)},
      {"CapDrop", list_or_null(spec.security.drop_capabilities)},
      {"Dns", spec.network.dns_servers},
      {"DnsOptions", spec.network.dns_options},
      {"DnsSearch", spec.network.dns_search},
      {"ExtraHosts", list_or_null(spec.network.extra_hosts)},
      {"GroupAdd", list_or_null(spec.group_add)},
      {"IpcMode", spec.ipc_mode.empty() ? "private" : spec.ipc_mode},
      {"PidMode", spec.pid_mode},
      {"UTSMode", spec.uts_mode},
      {"OomScoreAdj", spec.oom_score_adj},
      {"Privileged", spec.security.privileged},
      {"ReadonlyRootfs", spec.read_only_rootfs},
      {"SecurityOpt", list_or_null(security_options(spec.security))},
      {"ShmSize", spec.shm_bytes},
      {"Sysctls", spec.sysctls},
      {"Init", spec.init},
      {"Memory", resources.memory_bytes},
      {"MemorySwap", swap},
      {"MemoryReservation", resources.memory_reservation_bytes},
      {"NanoCpus", resources.nano_cpus},
      {"CpuShares", resources.cpu_shares},
      {"CpusetCpus", resources.cpuset_cpus},
      {"PidsLimit", resources.pids.has_value() ? Json(*resources.pids) : Json()},
      {"Ulimits", describe_ulimits(spec.ulimits)},
      {"Devices", describe_devices(spec.devices)},
      {"LogConfig", {{"Type", "json-file"}, {"Config", Json::object()}}},
  };
}

Json describe_config(const ContainerRecord& record) {
  const ContainerSpec& spec = record.spec;
  Json exposed = Json::object();
  for (const std::string& each : record.exposed) exposed[each] = Json::object();
  Json config = {
      {"Hostname", spec.hostname},
      {"Domainname", spec.domainname},
      {"User", spec.user},
      {"AttachStdin", spec.open_stdin && spec.attach_stdout},
      {"AttachStdout", spec.attach_stdout},
      {"AttachStderr", spec.attach_stdout},
      {"Tty", spec.terminal},
      {"OpenStdin", spec.open_stdin},
      {"StdinOnce", spec.stdin_once},
      {"Env", spec.env},
      {"Cmd", list_or_null(record.image_cmd)},
      {"Image", record.image},
      {"Volumes", Json()},
      {"WorkingDir", spec.working_dir},
      {"Entrypoint", list_or_null(record.image_entrypoint)},
      {"Labels", spec.labels},
  };
  if (!exposed.empty()) config["ExposedPorts"] = std::move(exposed);
  if (!spec.stop_signal.empty()) config["StopSignal"] = spec.stop_signal;
  if (spec.stop_timeout_s.has_value()) config["StopTimeout"] = *spec.stop_timeout_s;
  return config;
}

Json describe_mounts(const ContainerSpec& spec, const EngineLayout& layout) {
  Json mounts = Json::array();
  for (const MountSpec& each : spec.mounts) {
    Json mount = {{"Destination", each.destination},
                  {"Mode", each.read_only ? "ro" : ""},
                  {"RW", !each.read_only},
                  {"Propagation", ""}};
    switch (each.type) {
      case MountSpec::Type::kBind:
        mount["Type"] = "bind";
        mount["Source"] = each.source;
        mount["Propagation"] = "rprivate";
        break;
      case MountSpec::Type::kVolume:
        mount["Type"] = "volume";
        mount["Name"] = each.source;
        mount["Source"] = fmt::format("{}/{}/_data", layout.volumes(), each.source);
        mount["Driver"] = "local";
        break;
      case MountSpec::Type::kTmpfs:
        mount["Type"] = "tmpfs";
        mount["Source"] = "";
        break;
    }
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

Json describe_network(const ListedContainer& container) {
  const NetworkStatus& network = container.network;
  Json ports = Json::object();
  for (const std::string& each : container.record.exposed) ports[each] = Json();
  for (const PublishedPort& each : network.ports) {
    Json& bindings = ports[fmt::format("{}/{}", each.container_port, each.protocol)];
    bindings.push_back({{"HostIp", each.host_ip.empty() ? "0.0.0.0" : each.host_ip},
                        {"HostPort", fmt::format("{}", each.host_port)}});
  }
  const ContainerAddress& address = network.address;
  const unsigned prefix = address.address.empty() ? 0 : address.prefix_length;
  const Json endpoint = {{"IPAddress", address.address},
                         {"IPPrefixLen", prefix},
                         {"Gateway", address.gateway},
                         {"MacAddress", address.mac}};
  Json networks = Json::object();
  const std::string& mode = container.record.spec.network.mode;
  if (!mode.starts_with("container:")) networks[mode] = endpoint;
  Json settings = endpoint;
  settings["Ports"] = container.status.is_running() ? std::move(ports) : Json::object();
  settings["Networks"] = std::move(networks);
  return settings;
}

}  // namespace

Json describe_container(const ListedContainer& container, const EngineLayout& layout) {
  const ContainerRecord& record = container.record;
  const std::string directory = layout.container(record.id);
  return {
      {"Id", record.id},
      {"Created", format_rfc3339(record.created)},
      {"Path", record.args.empty() ? "" : record.args[0]},
      {"Args",
       std::vector<std::string>(record.args.begin() + (record.args.empty() ? 0 : 1),
                                record.args.end())},
      {"State", describe_state(container.status)},
      {"Image", record.image_id},
      {"ResolvConfPath", directory + "/resolv.conf"},
      {"HostnamePath", directory + "/hostname"},
      {"HostsPath", directory + "/hosts"},
      {"LogPath", log_path_of(layout, record)},
      {"Name", "/" + record.name},
      {"RestartCount", 0},
      {"Driver", "overlayfs"},
      {"Platform", "linux"},
      {"HostConfig", describe_host_config(record.spec)},
      {"GraphDriver",
       {{"Name", "overlayfs"},
        {"Data", {{"UpperDir", directory + "/upper"}, {"WorkDir", directory + "/work"}}}}},
      {"Mounts", describe_mounts(record.spec, layout)},
      {"Config", describe_config(record)},
      {"NetworkSettings", describe_network(container)},
  };
}

}  // namespace ikada
