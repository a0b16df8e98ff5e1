// One bridge network of this host and what a container needs from it: an address, a veth pair,
// published ports.
//
// The order is: ensure_bridge, reserve_address, reserve_ports, publish_ports, then the runtime
// makes the container with a NetworkAttachment in its monitor options, and at the end release().
// Everything is recorded in `state_dir` before it is made and carries the container's id, so that
// release_stale() finds what a killed command left behind, and the next ensure_bridge(), or
// mend_nft_table(), makes the nftables table anew, with the ports of living containers, after
// somebody flushed it.
//
// Waiting: calls that change the table hold state_dir/lock, for a millisecond or two each.
//
// Source: ip-link(8), veth(4), libnftables(3), nft(8).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct BridgeConfig {
  std::string name = "ikada0";
  std::string subnet = "10.88.0.0/16";  // The bridge itself has the first address.
  std::string state_dir = "/run/ikada/net";
};

struct PublishedPort {
  std::string host_ip = {};     // Empty: all IPv4 addresses of the host.
  std::uint16_t host_port = 0;  // 0: choose a free one from the ephemeral range.
  std::uint16_t container_port = 0;
  std::string protocol = "tcp";  // or "udp"
};

struct ContainerAddress {
  std::string address;  // "10.88.0.5"
  unsigned prefix_length = 16;
  std::string gateway;  // "10.88.0.1"
  std::string mac;      // "02:42:0a:58:00:05"
};

class ContainerNetwork {
 public:
  explicit ContainerNetwork(BridgeConfig config) : config_(std::move(config)) {}

  // Makes bridge, forwarding sysctls and our nftables table if they are missing. Idempotent and
  // quick when all is there.
  Result<void> ensure_bridge();

  // An unused address of the subnet, recorded for `container_id`. kUnavailable if there is none.
  Result<ContainerAddress> reserve_address(const std::string& container_id);

  // Binds (does not listen on) every host port, so that nobody else can take it; fills in host_port
  // where it was 0. The descriptors must be held by the monitor while the container lives.
  // kConflict in docker's words if a port is taken: "Bind for 0.0.0.0:8080 failed: port is already
  // allocated".
  Result<std::vector<UniqueFd>> reserve_ports(std::vector<PublishedPort>& ports);

  // Adds one element per port to our maps, in one transaction. kConflict if another container has
  // the port.
  Result<void> publish_ports(const std::string& container_id,
                             const ContainerAddress& address,
                             const std::vector<PublishedPort>& ports);

  // Takes everything of the container away: map elements, address. The veth pair dies with the
  // container's network namespace; one that remains is removed. Idempotent.
  Result<void> release(const std::string& container_id);

  // Releases what belongs to containers that `is_alive` denies.
  Result<void> release_stale(const std::function<bool(const std::string&)>& is_alive);

 private:
  BridgeConfig config_;
};

// Makes the nftables table anew, with the ports of all networks below `state_dir`, if somebody took
// it away: whether that was so. UDP flows that began meanwhile are forgotten. A host without
// networks needs no table.
Result<bool> mend_nft_table(const std::string& state_dir);

// The name of the host's end of a container's veth pair: "vk" and the first 10 digits of the id.
// The attachment must use it, because release() removes it by this name.
std::string host_interface_name(std::string_view container_id);

}  // namespace ikada
