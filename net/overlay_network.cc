#include "net/overlay_network.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "net/attachment.h"
#include "net/bridge.h"
#include "net/nft.h"
#include "net/overlay_device.h"
#include "net/overlay_entries.h"
#include "net/reservations.h"
#include "net/return_routes.h"
#include "runtime/sys/file.h"

namespace ikada {

namespace {

std::vector<KernelSetting> plan_overlay_settings() {
  std::vector<KernelSetting> settings = {{.path = "/proc/sys/net/ipv4/ip_forward", .value = "1"}};
  // Packets of balancers' clients come through VXLAN; the tables' guard is stricter than this.
  settings.push_back(
      {.path = fmt::format("/proc/sys/net/ipv4/conf/{}/rp_filter", kOverlayDevice), .value = "0"});
  for (const char* device : {kTaskBridge, kOverlayDevice}) {
    const std::string ipv6 = std::string("/proc/sys/net/ipv6/conf/") + device;
    settings.push_back({.path = ipv6 + "/accept_ra", .value = "0", .optional = true});
    settings.push_back({.path = ipv6 + "/disable_ipv6", .value = "1", .optional = true});
  }
  return settings;
}

Result<Reservations> open_task_addresses(const std::string& state_dir, const Ipv4Subnet& subnet) {
  IK_TRY(make_directories(state_dir, 0700));
  return Reservations::open(state_dir + "/" + kTaskBridge, subnet);
}

// Who has an address has a veth pair, or will have one.
Result<std::vector<TaskSource>> find_sources(const Reservations& reservations) {
  IK_LET(owners, reservations.owners());
  std::vector<TaskSource> sources;
  for (const std::string& id : owners) {
    IK_LET(address, reservations.find_address(id));
    if (address) {
      sources.push_back({.host_interface = host_interface_name(id), .address = *address});
    }
  }
  return sources;
}

bool is_same_subnet(const Ipv4Subnet& a, const Ipv4Subnet& b) {
  return a.network == b.network && a.prefix_length == b.prefix_length;
}

// All but the other hosts is in the text of the tables.
bool has_same_rules(const OverlayConfig& a, const OverlayConfig& b) {
  return is_same_subnet(a.pool, b.pool) && is_same_subnet(a.subnet, b.subnet) && a.vni == b.vni &&
         a.port == b.port && a.address == b.address && a.is_address_local == b.is_address_local;
}

// Those of `all` that are not among `others`.
std::vector<OverlayPeer> without(const std::vector<OverlayPeer>& all,
                                 const std::vector<OverlayPeer>& others) {
  std::vector<OverlayPeer> rest;
  std::ranges::copy_if(all, std::back_inserter(rest), [&](const OverlayPeer& peer) {
    return std::ranges::none_of(others, [&](const OverlayPeer& other) {
      return other.address == peer.address && is_same_subnet(other.subnet, peer.subnet);
    });
  });
  return rest;
}

std::vector<ReturnRoute> plan_return_routes(const OverlayConfig& config) {
  std::vector<ReturnRoute> routes;
  for (const OverlayPeer& peer : config.peers) {
    routes.push_back({.mark = return_mark_of(peer.subnet), .gateway = peer.subnet.gateway()});
  }
  return routes;
}

}  // namespace

Result<void> OverlayNetwork::apply(const OverlayConfig& wanted_config) {
  IK_LET(underlay, find_underlay(wanted_config.address));
  OverlayConfig config = wanted_config;
  config.is_address_local = underlay.is_local;
  // The tables first: their guard is in force before there is anything to guard.
  IK_TRY(ensure_tables(config, !applied_ || !has_same_rules(*applied_, config)));
  IK_LET(is_new, ensure_overlay_device(kOverlayDevice, config, underlay));
  static_cast<void>(is_new);
  IK_TRY(ensure_bridge(config));
  IK_TRY(apply_kernel_settings(plan_overlay_settings()));
  const std::vector<OverlayEntry> wanted = plan_overlay_entries(config);
  IK_LET(found, list_overlay_entries(kOverlayDevice));
  IK_TRY(change_overlay_entries(
      kOverlayDevice, plan_overlay_changes(found, wanted), config.subnet.gateway()));
  IK_TRY(apply_return_routes(kOverlayDevice, plan_return_routes(config)));
  mtu_ = underlay.mtu - kVxlanOverheadBytes;
  applied_ = config;
  return {};
}

Result<bool> has_task_tables() {
  IK_LET(is_there, has_nft_table(kTaskTable, kTaskLayoutChain));
  if (!is_there) return false;
  return has_nft_table(kTaskTable, kTaskGuardChain, NftFamily::kBridge);
}

Result<void> OverlayNetwork::ensure_tables(const OverlayConfig& config, bool is_fresh) {
  IK_LET(reservations, open_task_addresses(state_dir_, config.subnet));
  IK_LET(lock, lock_file(state_dir_ + "/lock"));
  IK_LET(is_there, has_task_tables());
  if (is_fresh || !is_there) {
    IK_LET(sources, find_sources(reservations));
    return run_nft(plan_task_tables(config, sources));
  }
  const std::vector<OverlayPeer> removed = without(applied_->peers, config.peers);
  const std::vector<OverlayPeer> added = without(config.peers, applied_->peers);
  if (removed.empty() && added.empty()) return {};
  return run_nft(plan_peer_changes(removed, added));
}

Result<void> OverlayNetwork::ensure_bridge(const OverlayConfig& config) const {
  IK_LET(is_ready, bridge_is_ready(kTaskBridge, config.subnet));
  if (is_ready) return {};
  IK_TRY(remove_other_addresses(kTaskBridge, config.subnet.gateway()));
  return make_bridge(kTaskBridge, config.subnet);
}

Result<void> OverlayNetwork::remove() {
  applied_.reset();
  // What is in the pool goes with the origin of its routes, not with the device.
  IK_LET(found, list_overlay_entries(kOverlayDevice));
  IK_TRY(change_overlay_entries(kOverlayDevice, {.remove = found, .add = {}}, 0));
  IK_TRY(apply_return_routes(kOverlayDevice, {}));
  IK_TRY(remove_interface(kOverlayDevice));
  IK_TRY(remove_interface(kTaskBridge));
  IK_LET(is_there, has_nft_table(kTaskTable, kTaskLayoutChain));
  if (is_there) IK_TRY(run_nft(plan_remove_task_tables()));
  return remove_tree(state_dir_);
}

Result<ContainerAddress> take_task_address(const BridgeConfig& bridge,
                                           const std::string& container_id) {
  ContainerNetwork network(bridge);
  IK_LET(address, network.reserve_address(container_id));
  IK_LET(number, parse_ipv4(address.address));
  IK_LET(lock, lock_file(bridge.state_dir + "/lock"));
  const Result<void> added = run_nft(
      plan_add_source({.host_interface = host_interface_name(container_id), .address = number}));
  if (added.has_value()) return address;
  return make_error(
      ErrorKind::kUnavailable, "the network of tasks is not there: {}", added.error().message);
}

Result<void> give_back_task_address(const BridgeConfig& bridge, const std::string& container_id) {
  IK_LET(subnet, parse_ipv4_subnet(bridge.subnet));
  // After the network itself there is nothing to give back to.
  if (::access(bridge.state_dir.c_str(), F_OK) != 0) return {};
  IK_LET(reservations, open_task_addresses(bridge.state_dir, subnet));
  IK_LET(address, reservations.find_address(container_id));
  if (address) {
    IK_LET(lock, lock_file(bridge.state_dir + "/lock"));
    const std::string name = host_interface_name(container_id);
    Result<void> removed =
        run_nft(plan_delete_source({.host_interface = name, .address = *address}));
    if (!removed.has_value() && removed.error().kind != ErrorKind::kNotFound) return removed;
  }
  return ContainerNetwork(bridge).release(container_id);
}

}  // namespace ikada
