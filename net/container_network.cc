#include "net/container_network.h"

#include <algorithm>
#include <map>
#include <optional>

#include "net/attachment.h"
#include "net/bridge.h"
#include "net/conntrack.h"
#include "net/host_port.h"
#include "net/ipv4.h"
#include "net/nft.h"
#include "net/nft_plan.h"
#include "net/reservations.h"
#include "runtime/base/rollback.h"
#include "runtime/sys/file.h"

namespace ikada {

namespace {

Result<Reservations> open_reservations(const BridgeConfig& config) {
  if (!is_interface_name(config.name)) {
    return make_error(ErrorKind::kInvalid, "not a bridge name: '{}'", config.name);
  }
  IK_LET(subnet, parse_ipv4_subnet(config.subnet));
  return Reservations::open(config.state_dir + "/" + config.name, subnet);
}

// Held while the table and the records below state_dir are brought into agreement.
Result<UniqueFd> lock_table(const std::string& state_dir) { return lock_file(state_dir + "/lock"); }

Result<std::vector<PortElement>> ports_of(const std::vector<KnownNetwork>& networks) {
  std::vector<PortElement> ports;
  for (const KnownNetwork& network : networks) {
    IK_LET(reservations, Reservations::open(network.directory, network.bridge.subnet));
    IK_LET(published, reservations.ports());
    for (const PortReservation& reservation : published) ports.push_back(reservation.port);
  }
  return ports;
}

// The whole table with what every network's records say.
Result<void> make_table(const std::string& state_dir) {
  IK_LET(networks, find_known_networks(state_dir));
  std::vector<BridgeElement> bridges;
  for (const KnownNetwork& network : networks) bridges.push_back(network.bridge);
  IK_LET(ports, ports_of(networks));
  return run_nft(plan_nft_table(bridges, ports));
}

Result<PortElement> host_side(const PublishedPort& mapping) {
  PortElement port{.host_port = mapping.host_port, .container_port = mapping.container_port};
  if (mapping.protocol != "tcp" && mapping.protocol != "udp") {
    return make_error(ErrorKind::kInvalid, "invalid proto: {}", mapping.protocol);
  }
  if (mapping.container_port == 0) {
    return make_error(ErrorKind::kInvalid, "invalid containerPort: 0");
  }
  port.udp = mapping.protocol == "udp";
  if (!mapping.host_ip.empty()) {
    IK_LET(host_ip, parse_ipv4(mapping.host_ip));
    port.host_ip = host_ip;
  }
  return port;
}

bool overlap(const PortElement& a, const PortElement& b) {
  if (a.udp != b.udp || a.host_port != b.host_port) return false;
  return a.host_ip == b.host_ip || a.host_ip == 0 || b.host_ip == 0;
}

// Deletes elements; one that is gone already, because somebody flushed the table, is no error.
Result<void> delete_elements(const std::vector<PortElement>& ports) {
  if (ports.empty()) return {};
  IK_LET(table, has_nft_table());
  if (!table) return {};
  auto all = run_nft(plan_nft_delete_ports(ports));
  if (all || all.error().kind != ErrorKind::kNotFound) return all;
  for (const PortElement& port : ports) {
    auto one = run_nft(plan_nft_delete_ports(std::span(&port, 1)));
    if (!one && one.error().kind != ErrorKind::kNotFound) return one;
  }
  return {};
}

}  // namespace

std::string host_interface_name(std::string_view container_id) {
  return "vk" + std::string(container_id.substr(0, 10));
}

Result<void> ContainerNetwork::ensure_bridge() {
  IK_LET(subnet, parse_ipv4_subnet(config_.subnet));
  const auto is_ready = [&]() -> Result<bool> {
    IK_LET(bridge, bridge_is_ready(config_.name, subnet));
    if (!bridge) return false;
    return has_nft_table();
  };
  IK_TRY(make_directories(config_.state_dir, 0700));
  IK_LET(reservations, open_reservations(config_));
  IK_LET(ready, is_ready());
  if (!ready) {
    IK_LET(lock, lock_table(config_.state_dir));
    IK_LET(made_meanwhile, is_ready());
    if (!made_meanwhile) {
      // The table first: its guard is in force before route_localnet is on.
      IK_TRY(make_table(config_.state_dir));
      IK_TRY(make_bridge(config_.name, subnet));
    }
  }
  return apply_kernel_settings(plan_kernel_settings(config_.name));
}

Result<ContainerAddress> ContainerNetwork::reserve_address(const std::string& container_id) {
  IK_LET(subnet, parse_ipv4_subnet(config_.subnet));
  IK_LET(reservations, open_reservations(config_));
  IK_LET(address, reservations.take_address(container_id));
  return ContainerAddress{
      .address = format_ipv4(address),
      .prefix_length = subnet.prefix_length,
      .gateway = format_ipv4(subnet.gateway()),
      .mac = format_mac(mac_of(address)),
  };
}

Result<std::vector<UniqueFd>> ContainerNetwork::reserve_ports(std::vector<PublishedPort>& ports) {
  std::vector<UniqueFd> sockets;
  for (PublishedPort& mapping : ports) {
    IK_LET(port, host_side(mapping));
    auto bound = bind_host_port({.ip = port.host_ip, .udp = port.udp, .port = port.host_port});
    if (!bound && bound.error().kind == ErrorKind::kConflict) {
      IK_LET(reservations, open_reservations(config_));
      IK_LET(taken, reservations.ports());
      const bool ours = std::any_of(
          taken.begin(), taken.end(), [&](const auto& other) { return overlap(other.port, port); });
      if (ours) return port_allocated_error(port);
    }
    if (!bound) return std::move(bound.error());
    mapping.host_port = bound->port;
    sockets.push_back(std::move(bound->socket));
  }
  return sockets;
}

Result<void> ContainerNetwork::publish_ports(const std::string& container_id,
                                             const ContainerAddress& address,
                                             const std::vector<PublishedPort>& ports) {
  if (ports.empty()) return {};
  IK_LET(container_ip, parse_ipv4(address.address));
  std::vector<PortElement> elements;
  for (const PublishedPort& mapping : ports) {
    IK_LET(element, host_side(mapping));
    element.container_ip = container_ip;
    elements.push_back(element);
  }

  IK_LET(reservations, open_reservations(config_));
  IK_LET(lock, lock_table(config_.state_dir));
  Rollback undo;
  for (const PortElement& element : elements) {
    IK_TRY(reservations.take_port({.container_id = container_id, .port = element}));
    undo.add([&reservations, element] { return reservations.give_back_port(element); });
  }
  auto added = run_nft(plan_nft_add_ports(elements));
  if (!added && added.error().kind == ErrorKind::kNotFound) {
    // Somebody flushed the table since ensure_bridge; the records have the new ports already.
    added = make_table(config_.state_dir);
  }
  if (!added && added.error().kind == ErrorKind::kConflict) {
    return port_allocated_error(elements.front());
  }
  IK_TRY(std::move(added));
  undo.commit();
  return forget_udp_flows(elements);
}

Result<void> ContainerNetwork::release(const std::string& container_id) {
  IK_TRY(remove_interface(host_interface_name(container_id)));
  IK_LET(reservations, open_reservations(config_));
  {
    IK_LET(lock, lock_table(config_.state_dir));
    IK_LET(ports, reservations.ports_of(container_id));
    IK_TRY(delete_elements(ports));
    for (const PortElement& port : ports) IK_TRY(reservations.give_back_port(port));
    IK_TRY(forget_udp_flows(ports));
  }
  // Last: whoever gets the address next must not get this container's ports with it.
  return reservations.give_back_addresses(container_id);
}

Result<void> ContainerNetwork::release_stale(
    const std::function<bool(const std::string&)>& is_alive) {
  IK_LET(reservations, open_reservations(config_));
  IK_LET(ids, reservations.owners());
  for (const std::string& id : ids) {
    if (!is_alive(id)) IK_TRY(release(id).context("container {}", id));
  }
  return {};
}

Result<bool> mend_nft_table(const std::string& state_dir) {
  IK_LET(is_there, has_nft_table());
  if (is_there) return false;
  const Result<std::vector<KnownNetwork>> networks = find_known_networks(state_dir);
  if (!networks.has_value() && networks.error().kind == ErrorKind::kNotFound) return false;
  if (!networks.has_value()) return networks.error();
  if (networks->empty()) return false;
  IK_LET(lock, lock_table(state_dir));
  IK_LET(is_there_meanwhile, has_nft_table());
  if (is_there_meanwhile) return false;
  IK_TRY(make_table(state_dir));
  IK_LET(ports, ports_of(*networks));
  IK_TRY(forget_missed_udp_flows(ports));
  return true;
}

}  // namespace ikada
