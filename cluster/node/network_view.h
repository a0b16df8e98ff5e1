// The cluster's network of tasks as one host has to know it: its own subnet, and where those of the
// other hosts are. Pure.
//
// A manager tells it whole after a connection was made, then what has changed:
//
//   {"tell": "network", "body": {"pool", "vni", "port", "subnet", "peers": {NODE: {…}}}}
//   {"tell": "peer", "body": {"node", "address", "subnet"}}   a host is there, or has changed
//   {"tell": "peer", "body": {"node"}}                        it has gone
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "cluster/node/frames.h"
#include "cluster/state/state.h"

namespace ikada {

struct NetworkPeer {
  std::string address = {};  // Of the host.
  std::string subnet = {};   // Of its tasks.

  bool operator==(const NetworkPeer&) const = default;
};

struct NetworkView {
  std::string pool = {};  // Empty: the cluster has no such network.
  std::uint32_t vni = 0;
  std::uint16_t port = 0;
  std::string subnet = {};                        // This host's; empty: it has none yet.
  std::map<std::string, NetworkPeer> peers = {};  // The other hosts, by node.

  bool operator==(const NetworkView&) const = default;
};

// What a host is told of all, itself among them.
std::map<std::string, NetworkPeer> network_peers(const ScopeState& scope);
NetworkView network_view(const ScopeState& scope, const std::string& node);

// Which nodes' entries are others than before; nothing for one that has gone.
std::map<std::string, std::optional<NetworkPeer>> peer_changes(
    const std::map<std::string, NetworkPeer>& before,
    const std::map<std::string, NetworkPeer>& after);

Json to_json(const NetworkView& view);
Result<NetworkView> parse_network_view(const Json& json);

News network_news(const NetworkView& view);
News peer_news(const std::string& node, const std::optional<NetworkPeer>& peer);

// False for news of something else. kInvalid leaves the view as it is.
Result<bool> take_network_news(const News& news, NetworkView& view);

}  // namespace ikada
