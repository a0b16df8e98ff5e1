// Engine: network, identity files and monitor of one start.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster/engine/container_names.h"
#include "cluster/engine/engine.h"
#include "cluster/engine/identity_files.h"
#include "net/attachment.h"
#include "net/overlay_network.h"
#include "net/resolv_conf.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/rollback.h"
#include "runtime/container/create.h"
#include "runtime/monitor/options.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

constexpr int kFirstFreeFd = 3;

Result<void> write_plain_file(const std::string& path, std::string_view content, mode_t mode) {
  IK_LET(fd, open_file(path, O_WRONLY | O_CREAT | O_TRUNC, mode));
  if (::fchmod(fd.get(), mode) != 0) return errno_error("chmod {}", path);
  return write_all(fd.get(), content).context("{}", path);
}

ErrorKind kind_from_name(std::string_view name) {
  if (name == "invalid") return ErrorKind::kInvalid;
  if (name == "not_found") return ErrorKind::kNotFound;
  if (name == "conflict") return ErrorKind::kConflict;
  if (name == "denied") return ErrorKind::kDenied;
  if (name == "unavailable") return ErrorKind::kUnavailable;
  return ErrorKind::kSystem;
}

// The monitor's one line: {"pid": 123} or {"error": …}.
Result<pid_t> read_report(int ready_fd) {
  constexpr size_t kMaxReport = size_t{64} << 10;
  IK_LET(text, read_fd(ready_fd, kMaxReport).context("monitor"));
  if (text.empty()) {
    return make_error(ErrorKind::kSystem, "the monitor ended before the container was started");
  }
  IK_LET(json, parse_json(text).context("monitor's report"));
  std::int32_t pid = 0;
  std::int32_t exit_code = 0;
  std::string error;
  std::string kind;
  JsonReader reader(json, "monitor's report");
  reader.read("pid", pid);
  reader.read("error", error);
  reader.read("kind", kind);
  reader.read("exit_code", exit_code);
  IK_TRY(reader.done());
  if (error.empty()) return pid_t{pid};
  Error failure = make_error(kind_from_name(kind), "{}", error);
  if (exit_code == 126) failure.code = kCommandNotExecutableCode;
  if (exit_code == 127) failure.code = kCommandNotFoundCode;
  return failure;
}

}  // namespace

int start_exit_status(const Error& error) {
  if (error.code == kCommandNotExecutableCode) return 126;
  if (error.code == kCommandNotFoundCode) return 127;
  return 125;
}

Result<ActiveMark> Engine::acquire(const ContainerRecord& record) {
  const auto refuse = [&](const LiveStatus&) -> Result<void> {
    return make_error(ErrorKind::kConflict, "container {} is already running", record.name);
  };
  IK_LET(mark, acquire_unless_running(record, refuse));
  IK_TRY(mark.set_phase(ActivePhase::kStarting));
  return mark;
}

// Who holds the mark may be about to make the container run: another command, or the monitor of a
// start whose command was killed. So we look at the container again while we wait for the mark. Who
// held it may also have removed the container.
Result<ActiveMark> Engine::acquire_unless_running(
    const ContainerRecord& record,
    const std::function<Result<void>(const LiveStatus&)>& on_running) {
  constexpr int kLookMs = 50;
  constexpr int kLooks = 200;
  for (int look = 1;; ++look) {
    const LiveStatus status = live_status(layout(), record.id);
    if (status.is_running()) IK_TRY(on_running(status));
    Result<ActiveMark> mark = ActiveMark::acquire(layout(), record.id, kLookMs);
    if (mark.has_value() &&
        ::access(layout().container_file(record.id, "record.json").c_str(), F_OK) != 0) {
      // Any other phase is a killed removal's, which the next command finds by the mark.
      if (mark->phase() == ActivePhase::kNothing) mark->remove();
      return make_error(ErrorKind::kNotFound, "No such container: {}", record.name);
    }
    if (mark.has_value() || mark.error().kind != ErrorKind::kConflict || look == kLooks) {
      return mark;
    }
  }
}

Result<pid_t> Engine::start(const ContainerRecord& record, ActiveMark& mark, int attach_fd) {
  ::unlink(layout().container_file(record.id, "exit.json").c_str());
  Rollback undo;
  undo.add([&]() -> Result<void> {
    release_runtime(record);
    return {};
  });
  NetworkStatus network;
  std::vector<UniqueFd> held;
  IK_TRY(join_network(record));
  IK_TRY(connect_network(record, network, held));
  IK_TRY(write_identity_files(record, network));
  IK_TRY(make_directories(layout().socket_directory(record.id), 0700));
  IK_TRY(write_monitor_options(record, network));
  IK_LET(pid, spawn_monitor(record, held, mark.fd(), attach_fd));
  IK_TRY(mark.set_phase(ActivePhase::kStarted));
  undo.commit();
  return pid;
}

Result<void> Engine::join_network(const ContainerRecord& record) {
  const std::string prefix = "container:";
  if (!record.spec.network.mode.starts_with(prefix)) return {};
  const std::string other = record.spec.network.mode.substr(prefix.size());
  IK_LET(id, find_container(layout(), other));
  const LiveStatus status = live_status(layout(), id);
  if (!status.is_running()) {
    return make_error(
        ErrorKind::kConflict, "cannot join network of a non running container: {}", other);
  }
  const std::string path = layout().container_file(record.id, "config.json");
  IK_LET(text, read_file(path));
  IK_LET(config, parse_json(text).context("{}", path));
  for (Json& each : config["linux"]["namespaces"]) {
    if (each["type"] == "network") each["path"] = fmt::format("/proc/{}/ns/net", status.pid);
  }
  return write_plain_file(path, config.dump(-1, ' ', false, Json::error_handler_t::replace), 0600);
}

BridgeConfig Engine::bridge_of(const ContainerRecord& record) const {
  if (!record.spec.network.task_bridge.is_used()) return options_.bridge;
  return {.name = kTaskBridge,
          .subnet = record.spec.network.task_bridge.subnet,
          .state_dir = layout().task_network_state()};
}

Result<void> Engine::connect_network(const ContainerRecord& record,
                                     NetworkStatus& network,
                                     std::vector<UniqueFd>& held) {
  if (record.spec.network.mode != "bridge") return {};
  for (const PortSpec& each : record.spec.network.ports) {
    network.ports.push_back({.host_ip = each.host_ip,
                             .host_port = each.host_port,
                             .container_port = each.container_port,
                             .protocol = each.protocol});
  }
  if (record.spec.network.task_bridge.is_used()) {
    IK_LET(address, take_task_address(bridge_of(record), record.id));
    network.address = std::move(address);
    return save_network_status(layout(), record.id, network);
  }
  ContainerNetwork bridge(options_.bridge);
  IK_TRY(bridge.ensure_bridge());
  IK_LET(address, bridge.reserve_address(record.id));
  network.address = std::move(address);
  if (!network.ports.empty()) {
    IK_LET(sockets, bridge.reserve_ports(network.ports));
    held = std::move(sockets);
    IK_TRY(bridge.publish_ports(record.id, network.address, network.ports));
  }
  return save_network_status(layout(), record.id, network);
}

Result<void> Engine::write_identity_files(const ContainerRecord& record,
                                          const NetworkStatus& network) {
  const ContainerSpec& spec = record.spec;
  const bool host_network = spec.network.mode == "host";
  IK_LET(hosts,
         plan_hosts({.hostname = spec.hostname,
                     .domainname = spec.domainname,
                     .address = network.address.address,
                     .extra_hosts = spec.network.extra_hosts,
                     .gateway = network.address.gateway}));
  if (host_network && spec.network.extra_hosts.empty()) {
    const Result<std::string> own = read_file("/etc/hosts", size_t{1} << 20);
    if (own.has_value()) hosts = *own;
  }
  IK_LET(resolv,
         plan_resolv_conf(read_host_resolv_conf(),
                          {.servers = spec.network.dns_servers,
                           .search = spec.network.dns_search,
                           .options = spec.network.dns_options},
                          host_network));
  const auto path = [&](const char* name) { return layout().container_file(record.id, name); };
  IK_TRY(write_plain_file(path("hosts"), hosts, 0644));
  IK_TRY(write_plain_file(path("hostname"), spec.hostname + "\n", 0644));
  return write_plain_file(path("resolv.conf"), resolv, 0644);
}

Result<void> Engine::write_monitor_options(const ContainerRecord& record,
                                           const NetworkStatus& network) {
  MonitorOptions options;
  options.id = record.id;
  options.bundle = layout().container(record.id);
  options.state_root = layout().runtime_states();
  options.log_path = log_path_of(layout(), record);
  options.log_max_bytes = record.spec.log_max_bytes;
  options.log_max_files = record.spec.log_max_files;
  options.attach_socket = layout().attach_socket(record.id);
  options.exit_path = layout().container_file(record.id, "exit.json");
  options.terminal = record.spec.terminal;
  options.open_stdin = record.spec.open_stdin;
  options.stdin_once = record.spec.stdin_once;
  if (!network.address.address.empty()) {
    NetworkAttachment attachment;
    attachment.bridge = bridge_of(record).name;
    attachment.host_interface = host_interface_name(record.id);
    attachment.address = network.address.address;
    attachment.prefix_length = network.address.prefix_length;
    attachment.gateway = network.address.gateway;
    attachment.mac = network.address.mac;
    if (record.spec.network.task_bridge.is_used()) {
      attachment.mtu = static_cast<unsigned>(record.spec.network.task_bridge.mtu);
    }
    options.network = to_json(attachment);
  }
  options.cleanup_command = options_.cleanup_command;
  options.cleanup_command.push_back(record.id);
  return write_plain_file(
      layout().container_file(record.id, "monitor.json"), to_json(options).dump(), 0600);
}

Result<pid_t> Engine::spawn_monitor(const ContainerRecord& record,
                                    const std::vector<UniqueFd>& held,
                                    int mark_fd,
                                    int attach_fd) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe");
  UniqueFd ready(ends[0]);
  UniqueFd report(ends[1]);
  IK_LET(null, open_file("/dev/null", O_RDWR));

  SpawnOptions options;
  options.program = options_.runtime_program;
  options.arguments = {
      "ikada-runtime", "monitor", "--options", layout().container_file(record.id, "monitor.json")};
  options.new_session = true;
  for (const int stream : {0, 1, 2}) options.fds.emplace_back(null.get(), stream);
  int next = kFirstFreeFd;
  const auto give = [&](const char* option, int fd) {
    options.fds.emplace_back(fd, next);
    options.arguments.insert(options.arguments.end(), {option, fmt::format("{}", next)});
    ++next;
  };
  give("--ready-fd", report.get());
  if (attach_fd >= 0) give("--attach-fd", attach_fd);
  for (const UniqueFd& each : held) give("--hold-fd", each.get());
  // When the monitor ends they are closed in this order: who waits for the mark finds ports free.
  give("--hold-fd", mark_fd);
  options.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};

  IK_LET(monitor, spawn(options).context("monitor"));
  report.reset();
  Result<pid_t> pid = read_report(ready.get());
  // One that has more to say than we read must not wait for us while we wait for it.
  ready.reset();
  // A monitor that reports an error ends by itself; until then it may still hold things.
  if (!pid.has_value()) {
    static_cast<void>(wait_for_child(monitor).has_value());
  } else if (options_.on_monitor) {
    options_.on_monitor(monitor);
  }
  return pid;
}

}  // namespace ikada
