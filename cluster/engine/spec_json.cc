#include "cluster/engine/spec_json.h"

namespace ikada {
namespace {

// One description of the fields serves both directions: a Writer puts them into an object, a Reader
// takes them out.
class Writer {
 public:
  template <typename T>
  void field(const char* key, T& value) {
    if (value != T{}) json_[key] = value;
  }
  void field(const char* key, std::optional<std::vector<std::string>>& value) {
    if (value.has_value()) json_[key] = *value;
  }
  void field(const char* key, std::optional<std::int64_t>& value) {
    if (value.has_value()) json_[key] = *value;
  }
  // A field whose default is not the type's zero is always written.
  template <typename T>
  void always(const char* key, T& value) {
    json_[key] = value;
  }
  template <typename T>
  void object(const char* key, T& value) {
    Writer inner;
    describe(inner, value);
    if (!inner.json_.empty()) json_[key] = std::move(inner.json_);
  }
  template <typename T>
  void objects(const char* key, std::vector<T>& values) {
    if (values.empty()) return;
    Json array = Json::array();
    for (T& each : values) {
      Writer inner;
      describe(inner, each);
      array.push_back(std::move(inner.json_));
    }
    json_[key] = std::move(array);
  }
  Json take() { return std::move(json_); }

 private:
  Json json_ = Json::object();
};

class Reader {
 public:
  explicit Reader(JsonReader reader) : reader_(std::move(reader)) {}
  template <typename T>
  void field(const char* key, T& value) {
    reader_.read(key, value);
  }
  template <typename T>
  void always(const char* key, T& value) {
    reader_.read(key, value);
  }
  template <typename T>
  void object(const char* key, T& value) {
    Reader inner(reader_.object(key));
    describe(inner, value);
  }
  template <typename T>
  void objects(const char* key, std::vector<T>& values) {
    for (JsonReader& each : reader_.objects(key)) {
      Reader inner(std::move(each));
      describe(inner, values.emplace_back());
    }
  }
  Result<void> done() const { return reader_.done(); }

 private:
  JsonReader reader_;
};

void field(Writer& writer, const char* key, MountSpec::Type& type) {
  std::string name = type == MountSpec::Type::kBind     ? "bind"
                     : type == MountSpec::Type::kVolume ? "volume"
                                                        : "tmpfs";
  writer.always(key, name);
}

void field(Reader& reader, const char* key, MountSpec::Type& type) {
  std::string name;
  reader.field(key, name);
  type = name == "volume"  ? MountSpec::Type::kVolume
         : name == "tmpfs" ? MountSpec::Type::kTmpfs
                           : MountSpec::Type::kBind;
}

void field(Writer& writer, const char* key, std::uint16_t& port) {
  std::uint32_t wide = port;
  writer.field(key, wide);
}

void field(Reader& reader, const char* key, std::uint16_t& port) {
  std::uint32_t wide = port;
  reader.field(key, wide);
  port = static_cast<std::uint16_t>(wide);
}

template <typename Way>
void describe(Way& way, MountSpec& mount) {
  field(way, "type", mount.type);
  way.field("source", mount.source);
  way.field("destination", mount.destination);
  way.field("read_only", mount.read_only);
  way.field("no_copy", mount.no_copy);
  way.field("make_source", mount.make_source);
  way.field("options", mount.options);
}

template <typename Way>
void describe(Way& way, PortSpec& port) {
  way.field("host_ip", port.host_ip);
  field(way, "host_port", port.host_port);
  field(way, "container_port", port.container_port);
  way.always("protocol", port.protocol);
}

template <typename Way>
void describe(Way& way, DeviceSpec& device) {
  way.field("host_path", device.host_path);
  way.field("container_path", device.container_path);
  way.always("permissions", device.permissions);
}

template <typename Way>
void describe(Way& way, UlimitSpec& limit) {
  way.field("name", limit.name);
  way.always("soft", limit.soft);
  way.always("hard", limit.hard);
}

template <typename Way>
void describe(Way& way, ResourceSpec& resources) {
  way.field("memory_bytes", resources.memory_bytes);
  way.field("memory_swap_bytes", resources.memory_swap_bytes);
  way.field("memory_reservation_bytes", resources.memory_reservation_bytes);
  way.field("nano_cpus", resources.nano_cpus);
  way.field("cpu_shares", resources.cpu_shares);
  way.field("cpuset_cpus", resources.cpuset_cpus);
  way.field("pids", resources.pids);
}

template <typename Way>
void describe(Way& way, SecuritySpec& security) {
  way.field("add_capabilities", security.add_capabilities);
  way.field("drop_capabilities", security.drop_capabilities);
  way.field("privileged", security.privileged);
  way.field("no_new_privileges", security.no_new_privileges);
  way.field("seccomp_unconfined", security.seccomp_unconfined);
  way.field("seccomp_profile", security.seccomp_profile);
  way.field("apparmor_profile", security.apparmor_profile);
  way.field("unmask_paths", security.unmask_paths);
}

template <typename Way>
void describe(Way& way, TaskBridgeSpec& bridge) {
  way.field("subnet", bridge.subnet);
  way.field("mtu", bridge.mtu);
}

template <typename Way>
void describe(Way& way, NetworkSpec& network) {
  way.always("mode", network.mode);
  way.object("task_bridge", network.task_bridge);
  way.objects("ports", network.ports);
  way.field("publish_all", network.publish_all);
  way.field("exposed", network.exposed);
  way.field("extra_hosts", network.extra_hosts);
  way.field("dns_servers", network.dns_servers);
  way.field("dns_search", network.dns_search);
  way.field("dns_options", network.dns_options);
}

template <typename Way>
void describe(Way& way, ContainerSpec& spec) {
  way.field("name", spec.name);
  way.field("image", spec.image);
  way.field("platform", spec.platform);
  way.field("entrypoint", spec.entrypoint);
  way.field("command", spec.command);
  way.field("env", spec.env);
  way.field("labels", spec.labels);
  way.field("user", spec.user);
  way.field("group_add", spec.group_add);
  way.field("working_dir", spec.working_dir);
  way.field("hostname", spec.hostname);
  way.field("domainname", spec.domainname);
  way.objects("mounts", spec.mounts);
  way.objects("devices", spec.devices);
  way.objects("ulimits", spec.ulimits);
  way.field("sysctls", spec.sysctls);
  way.always("shm_bytes", spec.shm_bytes);
  way.field("read_only_rootfs", spec.read_only_rootfs);
  way.field("volatile_rootfs", spec.volatile_rootfs);
  way.field("init", spec.init);
  way.field("terminal", spec.terminal);
  way.field("open_stdin", spec.open_stdin);
  way.field("stdin_once", spec.stdin_once);
  way.field("attach_stdout", spec.attach_stdout);
  way.field("auto_remove", spec.auto_remove);
  way.field("stop_signal", spec.stop_signal);
  way.field("stop_timeout_s", spec.stop_timeout_s);
  way.field("pid_mode", spec.pid_mode);
  way.field("ipc_mode", spec.ipc_mode);
  way.field("uts_mode", spec.uts_mode);
  way.field("oom_score_adj", spec.oom_score_adj);
  way.field("log_path", spec.log_path);
  way.field("log_max_bytes", spec.log_max_bytes);
  way.always("log_max_files", spec.log_max_files);
  way.object("resources", spec.resources);
  way.object("security", spec.security);
  way.object("network", spec.network);
}

}  // namespace

Json to_json(const ContainerSpec& spec) {
  Writer writer;
  ContainerSpec copy = spec;
  describe(writer, copy);
  return writer.take();
}

Result<ContainerSpec> parse_container_spec(const Json& json) {
  Reader reader(JsonReader(json, "container"));
  ContainerSpec spec;
  describe(reader, spec);
  IK_TRY(reader.done());
  return spec;
}

}  // namespace ikada
