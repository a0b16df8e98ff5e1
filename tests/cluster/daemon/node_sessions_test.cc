// Who is served by a manager that leads, does not, or comes to.
#include "cluster/daemon/node_sessions.h"

#include <algorithm>

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include "cluster/agent/asio_loop.h"
#include "cluster/daemon/gossip_ring.h"
#include "cluster/daemon/shared_store.h"
#include "cluster/state/record_key.h"
#include "cluster/store/memory_store.h"

namespace ikada {
namespace {

// Keeps what it was told.
struct ToldLink : FrameLink {
  void send(const Json& frame) override { told.push_back(frame); }
  void finish() override { is_finished = true; }
  void close() override { is_closed = true; }

  std::vector<Json> told = {};
  bool is_finished = false;
  bool is_closed = false;
};

std::shared_ptr<Vault> make_vault() {
  std::vector<SealingKey> keys;
  keys.push_back(Vault::derive_key(auth::Secret("the authority's")));
  return std::make_shared<Vault>(SealingKeys(std::move(keys)));
}

struct World {
  World() {
    feed = std::move(*StateFeed::create_without_thread(store, [](const Error&) {}));
    api = std::make_unique<ApiServer>(
        ApiGround{
            .commit = [this](const Transaction& transaction,
                             const ApiGround::Committed& then) { then(store.commit(transaction)); },
            .post = [](const std::function<void()>& work) { work(); },
            .now = [] { return Timestamp{1'800'000'000'000}; },
            .random_hex = [](size_t bytes) { return std::string(2 * bytes, '0'); }},
        *feed,
        ApiOptions{.vault = vault});
    sessions = std::make_shared<NodeSessions>(
        std::make_shared<AsioLoop>(io), keys, *api, *feed, std::int64_t{3600});
    add_node(identity, "worker");
    add_node(manager, "manager");
    feed->pull();
  }

  void add_node(auth::NodeIdentity& who, const std::string& role) {
    who.cluster = keys.cluster;
    const Node node{.id = who.node, .name = role, .role = role, .address = "192.0.2.9"};
    const ApiOptions& options = api->options();
    const Scope scope{.account = options.account, .region = options.home_region};
    store.commit(Transaction{}.put(node_key(scope, who.node), to_json(node).dump())).value();
  }

  std::shared_ptr<ToldLink> connect(const auth::NodeIdentity& who, const std::string& from = "") {
    auto link = std::make_shared<ToldLink>();
    listener = sessions->greet(link, who, from);
    return link;
  }

  void change_node(const auth::NodeIdentity& who, const std::function<void(Node&)>& change) {
    const ApiOptions& options = api->options();
    const Scope scope{.account = options.account, .region = options.home_region};
    Node node = feed->state().scope(scope).nodes.at(who.node).value;
    change(node);
    store.commit(Transaction{}.put(node_key(scope, who.node), to_json(node).dump())).value();
    feed->pull();
    sessions->note_change(node_key(scope, who.node));
  }

  boost::asio::io_context io;
  std::shared_ptr<Vault> vault = make_vault();
  MemoryStore store;
  ClusterKeys keys = *create_cluster_keys(1'800'000'000);
  auth::NodeIdentity identity{.cluster = {}, .node = std::string(32, 'a')};
  auth::NodeIdentity manager{
      .cluster = {}, .role = auth::NodeRole::kManager, .node = std::string(32, 'b')};
  std::unique_ptr<StateFeed> feed;
  std::unique_ptr<ApiServer> api;
  std::shared_ptr<NodeSessions> sessions;
  FrameLink::Listener listener;
};

TEST_CASE("the leader's first words are where the managers are") {
  World world;
  world.sessions->set_managers({"192.0.2.1:7442", "192.0.2.2:7442"});

  const auto link = world.connect(world.identity);

  REQUIRE_FALSE(link->told.empty());
  CHECK(link->told[0]["tell"] == "managers");
  CHECK(link->told[0]["body"]["managers"][1] == "192.0.2.2:7442");
  CHECK(world.sessions->is_connected(world.identity.node));
}

TEST_CASE("another host with a node's identity is refused while that is connected") {
  World world;
  const auto link = world.connect(world.identity, "192.0.2.9");

  const auto other = world.connect(world.identity, "192.0.2.10");

  REQUIRE(other->told.size() == 1);
  CHECK(other->told[0]["tell"] == "refused");
  CHECK(other->told[0]["body"]["reason"].get<std::string>().find("copied") != std::string::npos);
  CHECK(other->is_finished);
  CHECK_FALSE(link->is_closed);
  CHECK(world.sessions->is_doubled(world.identity.node));
}

TEST_CASE("a host that comes again takes its older connection's place, but not for ever") {
  World world;
  auto link = world.connect(world.identity, "192.0.2.9");
  const auto again = world.connect(world.identity, "192.0.2.9");
  CHECK(link->is_closed);
  CHECK(again->told[0]["tell"] == "managers");
  CHECK_FALSE(world.sessions->is_doubled(world.identity.node));

  for (int i = 0; i < 10; ++i) link = world.connect(world.identity, "192.0.2.9");

  CHECK(link->told[0]["tell"] == "refused");
  CHECK(world.sessions->is_doubled(world.identity.node));
}

TEST_CASE("a node that is to be a manager is told, and is welcome in either role meanwhile") {
  World world;
  const auto link = world.connect(world.identity);
  link->told.clear();

  world.change_node(world.identity, [](Node& node) { node.wanted_role = "manager"; });

  const auto role = std::find_if(link->told.begin(), link->told.end(), [](const Json& told) {
    return told["tell"] == "role";
  });
  REQUIRE(role != link->told.end());
  CHECK((*role)["body"]["role"] == "manager");
  world.change_node(world.identity, [](Node& node) { node.role = "manager"; });
  const auto later = world.connect(world.identity);
  CHECK(later->told.back()["tell"] == "role");
  auth::NodeIdentity promoted = world.identity;
  promoted.role = auth::NodeRole::kManager;
  const auto as_manager = world.connect(promoted);
  CHECK(as_manager->told[0]["tell"] == "managers");
  CHECK(as_manager->told.back()["tell"] != "role");
}

TEST_CASE("nodes are told the keys of gossip, and say which they have") {
  World world;
  const auto link = world.connect(world.identity);
  link->told.clear();
  const ApiOptions& options = world.api->options();
  const RecordChange change =
      put_gossip_ring(
          world.feed->state().scope({.account = options.account, .region = options.home_region}),
          *world.vault,
          {.keys = world.keys.packet_keys},
          {7})
          ->changes[0];

  world.store.commit(Transaction{}.put(change.key, *change.value)).value();
  world.feed->pull();
  world.sessions->note_change(change.key);

  REQUIRE(link->told.size() == 1);
  CHECK(link->told[0]["tell"] == "gossip-keys");
  CHECK(parse_gossip_keys(link->told[0]["body"])->keys == world.keys.packet_keys);
  CHECK(world.sessions->gossip_keys_of(world.identity.node).empty());
  const std::vector<std::string> ids = gossip_key_ids(world.keys.packet_keys);
  world.listener.on_frame(Json{{"ask", "gossip-keys"}, {"id", 4}, {"body", {{"ids", ids}}}});
  CHECK(link->told.back()["answer"] == 4);
  CHECK(world.sessions->gossip_keys_of(world.identity.node) == ids);
  // Whoever comes later is told at once, and has said nothing so far.
  const auto later = world.connect(world.identity);
  CHECK(later->told.back()["tell"] == "gossip-keys");
  CHECK(world.sessions->gossip_keys_of(world.identity.node).empty());
}

TEST_CASE("who is not to be a manager gets no keys") {
  World world;
  bool was_admitted = false;
  world.sessions->set_calls(
      {.admit = [&](const Node&, const ManagerCalls::Reply&) { was_admitted = true; }});
  const auto link = world.connect(world.identity);
  link->told.clear();

  world.listener.on_frame(Json{
      {"ask", "promote"}, {"id", 1}, {"body", {{"certificateRequest", "x"}, {"hasEtcd", true}}}});

  REQUIRE(link->told.size() == 1);
  CHECK(link->told[0].contains("error"));
  CHECK_FALSE(was_admitted);
}

TEST_CASE("a promotion waits for managers that are away, and ends with what will not change") {
  World world;
  Error why{.kind = ErrorKind::kUnavailable, .message = "unhealthy cluster"};
  why.code = kMembersNotReady;
  world.sessions->set_calls(
      {.admit = [&](const Node&, const ManagerCalls::Reply& reply) { reply(why); }});
  const auto link = world.connect(world.identity);
  world.change_node(world.identity, [](Node& node) { node.wanted_role = "manager"; });
  const Json question = {
      {"ask", "promote"}, {"id", 1}, {"body", {{"certificateRequest", "x"}, {"hasEtcd", true}}}};
  const ApiOptions& options = world.api->options();
  const auto record = [&]() -> const Node& {
    world.feed->pull();
    return world.feed->state()
        .scope({.account = options.account, .region = options.home_region})
        .nodes.at(world.identity.node)
        .value;
  };

  world.listener.on_frame(question);
  CHECK(record().wanted_role == "manager");
  CHECK(record().role_error->find("unhealthy cluster") != std::string::npos);

  why.code.clear();
  world.listener.on_frame(question);
  CHECK_FALSE(record().wanted_role.has_value());
  CHECK(record().role_error == "unhealthy cluster");
}

TEST_CASE("who asks for a promotion has been seen, however new its record is") {
  World world;
  bool was_new = true;
  world.sessions->set_calls({.admit = [&](const Node& node, const ManagerCalls::Reply&) {
    was_new = node.is_new.value_or(false);
  }});
  const auto link = world.connect(world.identity);
  world.change_node(world.identity, [](Node& node) {
    node.is_new = true;
    node.wanted_role = "manager";
  });

  world.listener.on_frame(Json{
      {"ask", "promote"}, {"id", 1}, {"body", {{"certificateRequest", "x"}, {"hasEtcd", true}}}});

  CHECK_FALSE(was_new);
}

TEST_CASE("nodes are told which of them are managers, anew when that changes") {
  World world;
  const auto link = world.connect(world.identity);
  REQUIRE_FALSE(link->told.empty());
  CHECK(link->told[0]["body"]["nodes"] == Json{world.manager.node});
  link->told.clear();

  auth::NodeIdentity second{.cluster = {}, .node = std::string(32, 'c')};
  world.add_node(second, "manager");
  world.feed->pull();
  world.sessions->note_change("");
  REQUIRE(link->told.size() >= 1);
  CHECK(link->told[0]["tell"] == "managers");
  CHECK(link->told[0]["body"]["nodes"] == Json{world.manager.node, second.node});
  link->told.clear();
  world.sessions->note_change("");
  CHECK(link->told.empty());
}

TEST_CASE("a manager that does not lead says who does") {
  World world;
  world.sessions->follow("192.0.2.2:7442");

  const auto link = world.connect(world.identity);

  CHECK(link->told == std::vector<Json>{Json::parse(
                          R"({"tell": "leader", "body": {"manager": "192.0.2.2:7442"}})")});
  CHECK(link->is_finished);
  CHECK_FALSE(world.listener.on_frame);
  CHECK_FALSE(world.sessions->is_connected(world.identity.node));
}

TEST_CASE("while nobody leads a node waits, and is served by the one that comes to lead") {
  World world;
  const auto link = world.connect(world.identity);
  world.sessions->follow("");
  CHECK(link->told.back()["tell"] == "leader");
  CHECK(link->told.back()["body"]["manager"] == "");
  CHECK_FALSE(link->is_finished);
  CHECK_FALSE(world.sessions->is_connected(world.identity.node));

  link->told.clear();
  world.sessions->lead();

  REQUIRE_FALSE(link->told.empty());
  CHECK(link->told[0]["tell"] == "managers");
  CHECK(world.sessions->is_connected(world.identity.node));
  // Its questions are heard again.
  link->told.clear();
  world.listener.on_frame(Json{{"ask", "nonsense"}, {"id", 1}});
  CHECK(link->told.size() == 1);
}

TEST_CASE("a node that waits goes to another leader when there is one") {
  World world;
  world.sessions->follow("");
  const auto link = world.connect(world.identity);

  world.sessions->follow("192.0.2.2:7442");

  CHECK(link->told.back()["body"]["manager"] == "192.0.2.2:7442");
  CHECK(link->is_finished);
}

TEST_CASE("a manager that led a moment ago is not sent to itself") {
  World world;
  world.sessions->follow("192.0.2.9:7442");

  const auto link = world.connect(world.manager);

  CHECK(link->told.back()["body"]["manager"] == "");
  CHECK_FALSE(link->is_finished);
  world.sessions->follow("192.0.2.2:7442");
  CHECK(link->told.back()["body"]["manager"] == "192.0.2.2:7442");
  CHECK(link->is_finished);
}

TEST_CASE("a manager that does not lead refuses nobody: it may know less than the leader") {
  World world;
  world.sessions->follow("192.0.2.2:7442");
  auth::NodeIdentity stranger = world.identity;
  stranger.node = std::string(32, 'c');

  const auto sent_on = world.connect(stranger);

  REQUIRE(sent_on->told.size() == 1);
  CHECK(sent_on->told[0]["tell"] == "leader");

  world.sessions->follow("");
  const auto waiting = world.connect(stranger);
  CHECK(waiting->told.back()["tell"] == "leader");
  CHECK_FALSE(waiting->is_finished);

  world.sessions->lead();
  CHECK(waiting->told.back()["tell"] == "refused");
  CHECK(world.connect(stranger)->told.back()["tell"] == "refused");

  stranger.cluster = "another";
  world.sessions->follow("192.0.2.2:7442");
  CHECK(world.connect(stranger)->told.back()["tell"] == "refused");
}

TEST_CASE("a node that was removed while it waited is refused") {
  World world;
  world.sessions->follow("");
  const auto link = world.connect(world.identity);
  const ApiOptions& options = world.api->options();
  const Scope scope{.account = options.account, .region = options.home_region};
  world.store.commit(Transaction{}.remove(node_key(scope, world.identity.node))).value();
  world.feed->pull();

  world.sessions->lead();

  CHECK(link->told.back()["tell"] == "refused");
  CHECK_FALSE(world.sessions->is_connected(world.identity.node));
}

TEST_CASE("a leader that fell silent is absent as any host that does; others may still come") {
  World world;
  world.sessions->follow("192.0.2.2:7442");

  world.sessions->lead(world.manager.node);

  const std::optional<NodeAbsence> silent = world.sessions->absence(world.manager.node);
  REQUIRE(silent.has_value());
  CHECK(silent->was_silent);
  CHECK(silent->was_here);
  const std::optional<NodeAbsence> other = world.sessions->absence(world.identity.node);
  REQUIRE(other.has_value());
  CHECK_FALSE(other->was_silent);
  CHECK_FALSE(other->was_here);
}

TEST_CASE("a node is absent from the end of its admission on") {
  World world;
  const std::string& node = world.manager.node;
  const auto since = [&] { return world.sessions->absence(node)->since; };
  const auto begun = since();

  world.sessions->note_admission(node, false);
  const auto admitting = since();
  CHECK(admitting > begun);
  CHECK(since() > admitting);

  world.sessions->note_admission(node, true);
  const auto admitted = since();
  CHECK(admitted > admitting);
  CHECK(since() == admitted);
  CHECK_FALSE(world.sessions->absence(node)->was_here);
}

TEST_CASE("only managers may pass calls on") {
  World world;
  int calls = 0;
  world.sessions->set_calls({.api =
                                 [&](const Json&, const ManagerCalls::Reply& reply) {
                                   ++calls;
                                   reply(Json{{"status", 200}});
                                 },
                             .cluster = {},
                             .admit = {}});

  const auto worker = world.connect(world.identity);
  world.listener.on_frame(Json{{"ask", "api"}, {"id", 1}, {"body", Json::object()}});
  CHECK(worker->told.back().contains("error"));
  CHECK(calls == 0);

  const auto manager = world.connect(world.manager);
  world.listener.on_frame(Json{{"ask", "api"}, {"id", 2}, {"body", Json::object()}});
  CHECK(calls == 1);
  CHECK(manager->told.back()["body"]["status"] == 200);
}

}  // namespace
}  // namespace ikada
