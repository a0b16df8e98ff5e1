#include <algorithm>

#include "cluster/agent/task_error.h"
#include "cluster/agent/task_network.h"
#include "cluster/agent/task_plan.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

// Name and address with a ':' between; an address of IPv6 has more of them, behind the first.
void plan_hosts_and_dns(const ContainerDefinition& container, NetworkSpec& network) {
  if (container.extra_hosts.has_value()) {
    for (const HostEntry& each : *container.extra_hosts) {
      network.extra_hosts.push_back(each.hostname + ":" + each.ip_address);
    }
  }
  if (container.dns_servers.has_value()) network.dns_servers = *container.dns_servers;
  if (container.dns_search_domains.has_value()) network.dns_search = *container.dns_search_domains;
}

Result<void> plan_ports(const ContainerDefinition& container, NetworkSpec& network) {
  for (const PortMapping& each : container.port_mappings) {
    if (each.container_port_range.has_value()) {
      return cannot_create("containerPortRange {} is not supported", *each.container_port_range);
    }
    if (!each.container_port.has_value()) continue;
    network.ports.push_back({.host_port = static_cast<std::uint16_t>(each.host_port.value_or(0)),
                             .container_port = static_cast<std::uint16_t>(*each.container_port),
                             .protocol = each.protocol.value_or("tcp")});
  }
  return {};
}

// "db:database", "db".
ContainerLink parse_link(const std::string& text) {
  const Cut parts = cut(text, ':');
  ContainerLink link{.container = std::string(parts.before), .alias = std::string(parts.after)};
  if (link.alias.empty()) link.alias = link.container;
  return link;
}

}  // namespace

Result<void> plan_task_network(const TaskPlanInputs& inputs,
                               const ContainerDefinition& container,
                               ContainerPlan& plan) {
  const std::string mode = network_mode_of(inputs.definition);
  NetworkSpec& network = plan.spec.network;
  network.mode = container.disable_networking.value_or(false) ? "none" : mode;
  if (network.mode == "awsvpc") {
    network.mode = "container:" + task_container_name(inputs.task, kNetworkHolder);
  }
  if (container.hostname.has_value()) {
    if (mode == "host") return cannot_create("hostname cannot be set in network mode host");
    plan.spec.hostname = *container.hostname;
  }
  plan_hosts_and_dns(container, network);
  if (container.links.has_value() && !container.links->empty()) {
    if (mode != "bridge") return cannot_create("links need network mode bridge");
    for (const std::string& each : *container.links) plan.links.push_back(parse_link(each));
  }
  if (mode != "bridge") return {};
  return plan_ports(container, network);
}

}  // namespace ikada
