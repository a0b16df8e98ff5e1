#include <set>
#include <string_view>
#include <utility>

#include "cluster/model/ecs_error.h"
#include "cluster/model/task_definition_check.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::int32_t kMaxPort = 65'535;
constexpr size_t kMaxPortNameLength = 64;

bool is_port(std::int32_t port) { return port >= 1 && port <= kMaxPort; }

// Lower-case letters, digits, '_' and '-', which may not come first.
bool is_port_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxPortNameLength || name.front() == '-') return false;
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string_view::npos;
}

Result<void> check_port_range(const PortMapping& port, std::string_view mode) {
  if (port.container_port.has_value() || port.host_port.has_value()) {
    return client_exception("containerPortRange can not stand beside containerPort or hostPort.");
  }
  const Cut ends = cut(*port.container_port_range, '-');
  const Result<std::uint64_t> first = parse_unsigned(ends.before, kMaxPort);
  const Result<std::uint64_t> last = parse_unsigned(ends.after, kMaxPort);
  if (!first.has_value() || !last.has_value() || *first < 1 || *first > *last) {
    return client_exception("Invalid containerPortRange '{}'.", *port.container_port_range);
  }
  if (mode == "host") {
    return client_exception("containerPortRange is not supported when networkMode=host.");
  }
  return {};
}

Result<void> check_port(const PortMapping& port,
                        std::string_view mode,
                        const ContainerDefinition& container) {
  const std::string protocol = port.protocol.value_or("tcp");
  if (protocol != "tcp" && protocol != "udp") {
    return client_exception("Invalid protocol '{}' in container '{}'.", protocol, container.name);
  }
  const std::string app_protocol = port.app_protocol.value_or("http");
  if (app_protocol != "http" && app_protocol != "http2" && app_protocol != "grpc") {
    return client_exception(
        "Invalid appProtocol '{}' in container '{}'.", app_protocol, container.name);
  }
  if (port.name.has_value() && !is_port_name(*port.name)) {
    return client_exception(
        "Invalid port mapping name '{}' in container '{}'.", *port.name, container.name);
  }
  if (port.container_port_range.has_value()) return check_port_range(port, mode);
  if (!port.container_port.has_value() || !is_port(*port.container_port)) {
    return client_exception(
        "Invalid containerPort in container '{}'. Ports are numbers from 1 to {}.",
        container.name,
        kMaxPort);
  }
  if (port.host_port.value_or(0) != 0 && !is_port(*port.host_port)) {
    return client_exception(
        "Invalid hostPort {} in container '{}'.", *port.host_port, container.name);
  }
  const bool must_match = mode == "awsvpc" || mode == "host";
  if (must_match && port.host_port.value_or(0) != 0 && *port.host_port != *port.container_port) {
    return client_exception(
        "When networkMode={}, the host ports and container ports in port "
        "mappings must match.",
        mode);
  }
  return {};
}

}  // namespace

Result<void> check_container_ports(const ContainerDefinition& container,
                                   const TaskDefinition& definition) {
  const std::string mode = network_mode_of(definition);
  if (mode == "none" && !container.port_mappings.empty()) {
    return client_exception("Port mappings are not supported when networkMode=none.");
  }
  if (mode != "bridge" && container.links.has_value() && !container.links->empty()) {
    return client_exception("Links are not supported when networkMode={}.", mode);
  }
  if (mode == "awsvpc" && container.hostname.has_value()) {
    return client_exception("hostname is not supported on container when networkMode=awsvpc.");
  }
  std::set<std::pair<std::int32_t, std::string>> host_ports;
  for (const PortMapping& port : container.port_mappings) {
    IK_TRY(check_port(port, mode, container));
    const std::int32_t host_port = port.host_port.value_or(0);
    if (host_port == 0) continue;
    if (!host_ports.emplace(host_port, port.protocol.value_or("tcp")).second) {
      return client_exception(
          "Duplicate hostPort {} in container '{}'.", host_port, container.name);
    }
  }
  return {};
}

}  // namespace ikada
