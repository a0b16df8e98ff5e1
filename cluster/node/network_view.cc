#include "cluster/node/network_view.h"

#include <utility>

namespace ikada {
namespace {

Json peer_json(const NetworkPeer& peer) {
  return {{"address", peer.address}, {"subnet", peer.subnet}};
}

Result<NetworkPeer> parse_peer(const Json& json) {
  NetworkPeer peer;
  JsonReader reader(json, "peer");
  reader.require("address", peer.address);
  reader.require("subnet", peer.subnet);
  IK_TRY(reader.done());
  return peer;
}

}  // namespace

std::map<std::string, NetworkPeer> network_peers(const ScopeState& scope) {
  std::map<std::string, NetworkPeer> peers;
  for (const auto& [id, node] : scope.nodes) {
    if (!node.value.subnet.has_value()) continue;
    peers.emplace(id, NetworkPeer{.address = node.value.address, .subnet = *node.value.subnet});
  }
  return peers;
}

NetworkView network_view(const ScopeState& scope, const std::string& node) {
  NetworkView view;
  if (scope.network.revision == 0) return view;
  view.pool = scope.network.value.pool;
  view.vni = static_cast<std::uint32_t>(scope.network.value.vni);
  view.port = static_cast<std::uint16_t>(scope.network.value.port);
  view.peers = network_peers(scope);
  const auto own = view.peers.find(node);
  if (own == view.peers.end()) return view;
  view.subnet = own->second.subnet;
  view.peers.erase(own);
  return view;
}

std::map<std::string, std::optional<NetworkPeer>> peer_changes(
    const std::map<std::string, NetworkPeer>& before,
    const std::map<std::string, NetworkPeer>& after) {
  std::map<std::string, std::optional<NetworkPeer>> changes;
  for (const auto& [node, peer] : after) {
    const auto known = before.find(node);
    if (known == before.end() || known->second != peer) changes.emplace(node, peer);
  }
  for (const auto& [node, peer] : before) {
    if (after.count(node) == 0) changes.emplace(node, std::nullopt);
  }
  return changes;
}

Json to_json(const NetworkView& view) {
  Json peers = Json::object();
  for (const auto& [node, peer] : view.peers) peers[node] = peer_json(peer);
  return {{"pool", view.pool},
          {"vni", view.vni},
          {"port", view.port},
          {"subnet", view.subnet},
          {"peers", peers}};
}

Result<NetworkView> parse_network_view(const Json& json) {
  NetworkView view;
  std::uint32_t port = 0;
  JsonReader reader(json, "network");
  reader.require("pool", view.pool);
  reader.require("vni", view.vni);
  reader.require("port", port);
  reader.require("subnet", view.subnet);
  if (port > UINT16_MAX) reader.fail("port", "not a port");
  IK_TRY(reader.done());
  view.port = static_cast<std::uint16_t>(port);
  const auto peers = json.find("peers");
  if (peers == json.end() || !peers->is_object()) {
    return make_error(ErrorKind::kInvalid, "network: peers: not an object");
  }
  for (const auto& [node, each] : peers->items()) {
    IK_LET(peer, parse_peer(each));
    view.peers.emplace(node, std::move(peer));
  }
  return view;
}

News network_news(const NetworkView& view) { return {.verb = "network", .body = to_json(view)}; }

News peer_news(const std::string& node, const std::optional<NetworkPeer>& peer) {
  Json body = peer.has_value() ? peer_json(*peer) : Json::object();
  body["node"] = node;
  return {.verb = "peer", .body = std::move(body)};
}

Result<bool> take_network_news(const News& news, NetworkView& view) {
  if (news.verb == "network") {
    IK_LET(whole, parse_network_view(news.body));
    view = std::move(whole);
    return true;
  }
  if (news.verb != "peer") return false;
  std::string node;
  JsonReader reader(news.body, "peer");
  reader.require("node", node);
  const bool is_there = reader.has("address");
  IK_TRY(reader.done());
  if (!is_there) {
    view.peers.erase(node);
    return true;
  }
  IK_LET(peer, parse_peer(news.body));
  view.peers.insert_or_assign(node, std::move(peer));
  return true;
}

}  // namespace ikada
