#include "cluster/engine/live_status.h"

#include <sys/stat.h>

#include "cluster/engine/active_mark.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/json.h"
#include "runtime/container/state.h"
#include "runtime/monitor/options.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

// monitor.json is written at each start and never touched afterwards.
UnixNanos start_time(const EngineLayout& layout, const std::string& id) {
  struct stat status {};
  if (::stat(layout.container_file(id, "monitor.json").c_str(), &status) != 0) return 0;
  return std::int64_t{status.st_mtim.tv_sec} * kNanosPerSecond + status.st_mtim.tv_nsec;
}

bool load_exit(const EngineLayout& layout, const std::string& id, ExitRecord& record) {
  const Result<std::string> text = read_file(layout.container_file(id, "exit.json"), 4096);
  if (!text.has_value()) return false;
  const Result<Json> json = parse_json(*text);
  if (!json.has_value()) return false;
  Result<ExitRecord> parsed = parse_exit_record(*json);
  if (!parsed.has_value()) return false;
  record = *parsed;
  return true;
}

}  // namespace

std::string_view live_state_name(LiveState state) {
  switch (state) {
    case LiveState::kCreated:
      return "created";
    case LiveState::kRunning:
      return "running";
    case LiveState::kPaused:
      return "paused";
    case LiveState::kExited:
      return "exited";
  }
  return "";
}

LiveStatus live_status(const EngineLayout& layout, const std::string& id) {
  LiveStatus status;
  const std::string root = layout.runtime_states();
  const Result<ContainerState> runtime = load_state(root, id);
  bool has_ended = false;
  if (runtime.has_value()) {
    switch (current_status(root, *runtime)) {
      case ContainerStatus::kRunning:
        status.state = LiveState::kRunning;
        break;
      case ContainerStatus::kPaused:
        status.state = LiveState::kPaused;
        break;
      case ContainerStatus::kStopped:
        has_ended = true;
        break;
      case ContainerStatus::kCreating:
      case ContainerStatus::kCreated:
        return status;
    }
    if (status.is_running()) {
      status.pid = runtime->pid;
      status.started_at = start_time(layout, id);
      return status;
    }
  }
  ExitRecord record;
  if (load_exit(layout, id, record)) {
    status.state = LiveState::kExited;
    status.exit_code = record.exit_code;
    status.oom_killed = record.oom_killed;
    status.finished_at = record.finished_at;
    status.started_at = start_time(layout, id);
  } else if (has_ended) {
    // Between the end of the process and the monitor's record of it.
    status.state = is_looked_after(layout, id) ? LiveState::kRunning : LiveState::kExited;
    status.started_at = start_time(layout, id);
  }
  return status;
}

bool await_start(const EngineLayout& layout,
                 const std::string& id,
                 const std::function<void()>& pause) {
  constexpr int kLooks = 1000;
  const auto is_started = [&] { return live_status(layout, id).state != LiveState::kCreated; };
  for (int look = 0; look < kLooks && !is_started() && is_looked_after(layout, id); ++look) {
    pause();
  }
  return is_started();
}

std::string describe_status(const LiveStatus& status, UnixNanos now) {
  const auto since = [now](UnixNanos time) {
    return format_duration_words((now - time) / kNanosPerSecond);
  };
  switch (status.state) {
    case LiveState::kCreated:
      return "Created";
    case LiveState::kRunning:
      return "Up " + since(status.started_at);
    case LiveState::kPaused:
      return "Up " + since(status.started_at) + " (Paused)";
    case LiveState::kExited:
      return fmt::format("Exited ({}) {} ago", status.exit_code, since(status.finished_at));
  }
  return "";
}

Result<void> save_network_status(const EngineLayout& layout,
                                 const std::string& id,
                                 const NetworkStatus& status) {
  Json ports = Json::array();
  for (const PublishedPort& each : status.ports) {
    ports.push_back({{"host_ip", each.host_ip},
                     {"host_port", each.host_port},
                     {"container_port", each.container_port},
                     {"protocol", each.protocol}});
  }
  const Json json = {{"address", status.address.address},
                     {"prefix_length", status.address.prefix_length},
                     {"gateway", status.address.gateway},
                     {"mac", status.address.mac},
                     {"ports", std::move(ports)}};
  return write_file_atomically(
      layout.container_file(id, "network.json"), json.dump(), 0600, Durability::kVolatile);
}

NetworkStatus load_network_status(const EngineLayout& layout, const std::string& id) {
  NetworkStatus status;
  const Result<std::string> text = read_file(layout.container_file(id, "network.json"));
  if (!text.has_value()) return status;
  const Result<Json> json = parse_json(*text);
  if (!json.has_value()) return status;
  JsonReader reader(*json, "network.json");
  reader.read("address", status.address.address);
  reader.read("prefix_length", status.address.prefix_length);
  reader.read("gateway", status.address.gateway);
  reader.read("mac", status.address.mac);
  for (JsonReader& each : reader.objects("ports")) {
    PublishedPort& port = status.ports.emplace_back();
    std::uint32_t host_port = 0;
    std::uint32_t container_port = 0;
    each.read("host_ip", port.host_ip);
    each.read("host_port", host_port);
    each.read("container_port", container_port);
    each.read("protocol", port.protocol);
    port.host_port = static_cast<std::uint16_t>(host_port);
    port.container_port = static_cast<std::uint16_t>(container_port);
  }
  return status;
}

}  // namespace ikada
