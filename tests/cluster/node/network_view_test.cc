#include "cluster/node/network_view.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

ScopeState make_scope() {
  ScopeState scope;
  scope.network = {.value = {.pool = "10.120.0.0/16"}, .revision = 1};
  for (const char* id : {"a", "b", "c"}) {
    Node node;
    node.id = node.name = id;
    node.address = std::string("192.0.2.") + std::to_string(id[0] - 'a');
    if (*id != 'c') node.subnet = std::string("10.120.") + std::to_string(id[0] - 'a') + ".0/24";
    scope.nodes[id] = {.value = node, .revision = 2};
  }
  return scope;
}

TEST_CASE("a host knows its own subnet and where those of others are") {
  const NetworkView view = network_view(make_scope(), "a");

  CHECK(view.pool == "10.120.0.0/16");
  CHECK(view.subnet == "10.120.0.0/24");
  REQUIRE(view.peers.size() == 1);
  CHECK(view.peers.at("b") == NetworkPeer{.address = "192.0.2.1", .subnet = "10.120.1.0/24"});
  CHECK(network_view(make_scope(), "c").subnet.empty());
  CHECK(network_view({}, "a") == NetworkView{});
}

TEST_CASE("what is told is what is known") {
  const NetworkView view = network_view(make_scope(), "a");
  NetworkView told;

  CHECK(*take_network_news(network_news(view), told));

  CHECK(told == view);
}

TEST_CASE("hosts come and go") {
  NetworkView view = network_view(make_scope(), "a");
  const NetworkPeer peer{.address = "192.0.2.9", .subnet = "10.120.9.0/24"};

  CHECK(*take_network_news(peer_news("c", peer), view));
  CHECK(*take_network_news(peer_news("b", std::nullopt), view));

  CHECK(view.peers == std::map<std::string, NetworkPeer>{{"c", peer}});
}

TEST_CASE("only what has changed is told") {
  const std::map<std::string, NetworkPeer> before = network_peers(make_scope());
  std::map<std::string, NetworkPeer> after = before;
  after.erase("a");
  after["b"].address = "192.0.2.77";
  after["c"] = {.address = "192.0.2.2", .subnet = "10.120.2.0/24"};

  const auto changes = peer_changes(before, after);

  REQUIRE(changes.size() == 3);
  CHECK_FALSE(changes.at("a").has_value());
  CHECK(changes.at("b")->address == "192.0.2.77");
  CHECK(changes.at("c")->subnet == "10.120.2.0/24");
  CHECK(peer_changes(after, after).empty());
}

TEST_CASE("news that are none leave the view as it is") {
  const NetworkView view = network_view(make_scope(), "a");
  NetworkView kept = view;

  CHECK_FALSE(*take_network_news({.verb = "assign", .body = Json::object()}, kept));
  CHECK_FALSE(take_network_news({.verb = "peer", .body = Json::array()}, kept).has_value());
  CHECK_FALSE(take_network_news({.verb = "network", .body = {{"pool", 1}}}, kept).has_value());
  Json body = to_json(view);
  body["port"] = 70000;
  CHECK_FALSE(take_network_news({.verb = "network", .body = body}, kept).has_value());
  body["port"] = 4789;
  body["peers"] = {{"b", 7}};
  CHECK_FALSE(take_network_news({.verb = "network", .body = body}, kept).has_value());
  CHECK(kept == view);
}

}  // namespace
}  // namespace ikada
