// TLS between two ends in one loop, over a pair of loopback sockets.
#include "cluster/node/node_link.h"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include "cluster/node/membership.h"

namespace ikada {
namespace {

using boost::asio::ip::tcp;
constexpr std::int64_t kNowSeconds = 1'780'000'000;
const std::string kNodeId(32, 'c');

NodeCredentials credentials_of(const ClusterKeys& keys, auth::NodeRole role, std::int64_t now_s) {
  auth::Secret key = auth::generate_private_key();
  const std::string request = *auth::create_certificate_request(key);
  return {
      .authority = keys.authority.certificate(),
      .certificate = *keys.authority.issue(
          request,
          {.identity = {.cluster = keys.cluster, .role = role, .node = kNodeId}, .now_s = now_s}),
      .key = std::move(key)};
}

// Both ends of a connection and what they were told.
struct Pair {
  explicit Pair(TlsContext server_tls, TlsContext client_tls, NodeLinkLimits limits = {})
      : acceptor(loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
    client = NodeLink::dial(loop, acceptor.local_endpoint(), std::move(client_tls), limits);
    client->start({.on_ready = [this] { ++ready; },
                   .on_frame = [this](const Json& frame) { at_client.push_back(frame); },
                   .on_end = [this](const Error& why) { client_end = why; }});
    acceptor.async_accept([this, server_tls, limits](auto error, tcp::socket socket) {
      if (error) return;
      server = NodeLink::accept(std::move(socket), server_tls, limits);
      server->start({.on_ready = [this] { ++ready; },
                     .on_frame = [this](const Json& frame) { at_server.push_back(frame); },
                     .on_end = [this](const Error& why) { server_end = why; }});
    });
  }
  ~Pair() {
    client->close();
    if (server != nullptr) server->close();
    loop.poll();
  }

  // Until it holds; false if it does not within seconds.
  template <typename Holds>
  bool run_until(Holds holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!holds() && std::chrono::steady_clock::now() < deadline) {
      loop.run_one_for(std::chrono::milliseconds(50));
    }
    return holds();
  }

  boost::asio::io_context loop;
  tcp::acceptor acceptor;
  std::shared_ptr<NodeLink> client;
  std::shared_ptr<NodeLink> server;
  int ready = 0;
  std::vector<Json> at_client;
  std::vector<Json> at_server;
  std::optional<Error> client_end;
  std::optional<Error> server_end;
};

std::int64_t today() { return std::time(nullptr); }

TEST_CASE("two nodes know each other, and frames come in order") {
  const ClusterKeys keys = *create_cluster_keys(today());
  Pair pair(*node_server_tls(credentials_of(keys, auth::NodeRole::kManager, today())),
            *node_client_tls(credentials_of(keys, auth::NodeRole::kWorker, today())));
  REQUIRE(pair.run_until([&] { return pair.ready == 2; }));
  CHECK(pair.client->peer()->identity.role == auth::NodeRole::kManager);
  CHECK(pair.server->peer()->identity.role == auth::NodeRole::kWorker);
  for (int number = 0; number < 100; ++number) pair.client->send({{"number", number}});
  pair.server->send({{"text", std::string(1 << 20, 'x')}});
  REQUIRE(pair.run_until([&] { return pair.at_server.size() == 100 && !pair.at_client.empty(); }));
  CHECK(pair.at_server.back()["number"] == 99);
  CHECK(pair.at_client.front()["text"].get<std::string>().size() == 1 << 20);
}

TEST_CASE("a frame of another shape than its reader expects ends the connection, not the reader") {
  const ClusterKeys keys = *create_cluster_keys(today());
  Pair pair(*node_server_tls(credentials_of(keys, auth::NodeRole::kManager, today())),
            *node_client_tls(credentials_of(keys, auth::NodeRole::kWorker, today())));
  REQUIRE(pair.run_until([&] { return pair.ready == 2; }));
  pair.server->set_listener({.on_ready = nullptr,
                             .on_frame = [](const Json& frame) { (void)frame.value("error", ""); },
                             .on_end = [&](const Error& why) { pair.server_end = why; }});
  pair.client->send({{"error", 5}});
  REQUIRE(pair.run_until([&] { return pair.server_end.has_value(); }));
  CHECK(pair.server_end->kind == ErrorKind::kInvalid);
}

TEST_CASE("while authorities are exchanged both count, and then the old one is refused by name") {
  const ClusterKeys before = *create_cluster_keys(today());
  ClusterKeys after = *create_cluster_keys(today());
  after.cluster = before.cluster;
  NodeCredentials manager = credentials_of(after, auth::NodeRole::kManager, today());
  NodeCredentials worker = credentials_of(before, auth::NodeRole::kWorker, today());
  manager.others = {before.authority.certificate()};
  worker.others = {after.authority.certificate()};
  {
    Pair pair(*node_server_tls(manager), *node_client_tls(worker));
    CHECK(pair.run_until([&] { return pair.ready == 2; }));
  }
  manager.others.clear();
  {
    Pair pair(*node_server_tls(manager), *node_client_tls(worker));
    REQUIRE(pair.run_until([&] { return pair.client_end && pair.server_end; }));
    CHECK(pair.client_end->code == kLinkUntrusted);
    CHECK(pair.server_end->code == kLinkUntrusted);
  }
  worker.others.clear();
  Pair pair(*node_server_tls(manager), *node_client_tls(worker));
  REQUIRE(pair.run_until([&] { return pair.client_end.has_value(); }));
  CHECK(pair.client_end->code == kLinkUntrusted);
}

TEST_CASE("a host that joins trusts the pinned authority only, and is nobody") {
  const ClusterKeys keys = *create_cluster_keys(today());
  const std::string digest = *auth::authority_digest(keys.authority.certificate());
  const TlsContext server =
      *node_server_tls(credentials_of(keys, auth::NodeRole::kManager, today()));
  {
    Pair pair(server, *joining_tls(digest));
    REQUIRE(pair.run_until([&] { return pair.ready == 2; }));
    CHECK_FALSE(pair.server->peer().has_value());
    CHECK(*auth::authority_digest(pair.client->authority()) == digest);
  }
  Pair pair(server, *joining_tls(std::string(50, '0')));
  REQUIRE(pair.run_until([&] { return pair.client_end.has_value(); }));
  CHECK(pair.client_end->kind == ErrorKind::kDenied);
  CHECK(pair.at_server.empty());
}

TEST_CASE("certificates of another cluster and expired ones are refused") {
  const ClusterKeys keys = *create_cluster_keys(today());
  const ClusterKeys other = *create_cluster_keys(today());
  const TlsContext server =
      *node_server_tls(credentials_of(keys, auth::NodeRole::kManager, today()));
  NodeCredentials strange = credentials_of(other, auth::NodeRole::kWorker, today());
  strange.authority = keys.authority.certificate();
  const NodeCredentials expired = credentials_of(keys, auth::NodeRole::kWorker, kNowSeconds / 2);
  for (const NodeCredentials& each : {strange, expired}) {
    Pair pair(server, *node_client_tls(each));
    REQUIRE(pair.run_until([&] { return pair.server_end.has_value(); }));
    CHECK(pair.server_end->kind == ErrorKind::kDenied);
    CHECK(pair.at_server.empty());
  }
}

TEST_CASE("a stranger's large frame, and what is no object, end the link") {
  const ClusterKeys keys = *create_cluster_keys(today());
  const TlsContext server =
      *node_server_tls(credentials_of(keys, auth::NodeRole::kManager, today()));
  const std::string digest = *auth::authority_digest(keys.authority.certificate());
  for (const Json& frame : {Json{{"text", std::string(100'000, 'x')}}, Json::array()}) {
    Pair pair(server, *joining_tls(digest));
    REQUIRE(pair.run_until([&] { return pair.ready == 2; }));
    pair.client->send(frame);
    REQUIRE(pair.run_until([&] { return pair.server_end.has_value(); }));
    CHECK(pair.server_end->kind == ErrorKind::kInvalid);
    CHECK(pair.at_server.empty());
  }
}

TEST_CASE("a link on which nothing comes is dead; pings keep it alive and are not told") {
  const ClusterKeys keys = *create_cluster_keys(today());
  const NodeLinkLimits quick{.ping_after = std::chrono::milliseconds(40),
                             .silence_limit = std::chrono::milliseconds(400)};
  Pair pair(*node_server_tls(credentials_of(keys, auth::NodeRole::kManager, today())),
            *node_client_tls(credentials_of(keys, auth::NodeRole::kWorker, today())),
            quick);
  REQUIRE(pair.run_until([&] { return pair.ready == 2; }));
  const auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds(800);
  pair.run_until([&] { return std::chrono::steady_clock::now() > later; });
  CHECK_FALSE(pair.client_end.has_value());
  CHECK_FALSE(pair.server_end.has_value());
  CHECK(pair.at_client.empty());
}

TEST_CASE("what was sent before finish() still arrives") {
  const ClusterKeys keys = *create_cluster_keys(today());
  Pair pair(*node_server_tls(credentials_of(keys, auth::NodeRole::kManager, today())),
            *node_client_tls(credentials_of(keys, auth::NodeRole::kWorker, today())));
  REQUIRE(pair.run_until([&] { return pair.ready == 2; }));
  pair.server->send({{"last", true}});
  pair.server->finish();
  pair.server->send({{"too late", true}});
  REQUIRE(pair.run_until([&] { return pair.client_end.has_value(); }));
  REQUIRE(pair.at_client.size() == 1);
  CHECK(pair.at_client[0].contains("last"));
  CHECK_FALSE(pair.server_end.has_value());
}

}  // namespace
}  // namespace ikada
