// The managers' side of the links with nodes (cluster/node): takes hosts into the cluster, gives
// agents their tasks, and knows who is connected.
//
// A host without a certificate may only join. A node may enlist one container instance and report
// the tasks of that one; a removed node is refused at its handshake and cut off at once.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cluster/api/api_server.h"
#include "cluster/api/state_feed.h"
#include "cluster/daemon/node_sessions.h"
#include "cluster/node/membership.h"
#include "cluster/node/node_link.h"

namespace ikada {

inline constexpr std::uint16_t kDefaultNodePort = 7442;

struct NodeServerOptions {
  NodeLink::Endpoint listen;
  std::vector<std::string> managers;  // Nodes' endpoints of all of them.
  ManagerCalls calls = {};
  std::int64_t certificate_lifetime_s = auth::kNodeCertificateSeconds;
  NodeLinkLimits limits = {};
  size_t max_strangers = 64;
  size_t max_links = 4096;
};

class NodeServer {
 public:
  // Listens. Everything outlives it. kConflict if the port is in use.
  static Result<std::unique_ptr<NodeServer>> create(boost::asio::io_context& loop,
                                                    const ClusterKeys& keys,
                                                    const NodeCredentials& credentials,
                                                    ApiServer& api,
                                                    StateFeed& feed,
                                                    NodeServerOptions options);
  ~NodeServer();
  NodeServer(const NodeServer&) = delete;
  NodeServer& operator=(const NodeServer&) = delete;

  // For connections that are made from now on.
  Result<void> use(const NodeCredentials& credentials);

  void start();
  // Ends all links; nothing is called back any more.
  void stop();

  // Whether this manager leads: the nodes' connections are the leader's. Of others' they are told
  // where that is, or wait here while nobody is ("").
  void lead(const std::string& silent = {});  // node_sessions.h
  void follow(const std::string& leader);
  void set_managers(std::vector<std::string> managers);

  // A record of this key has changed in the state; "": everything may have.
  void note_change(std::string_view key);

  bool is_connected(const std::string& node) const;
  // See NodeSessions.
  std::optional<auth::NodeRole> role_of(const std::string& node) const;
  bool is_doubled(const std::string& node) const;
  std::vector<std::string> gossip_keys_of(const std::string& node) const;
  // News of this manager, to all nodes that are connected or to one.
  void tell_all(const News& news);
  void tell(const std::string& node, const News& news);
  HeldKeys held_keys_of(const std::string& node) const;
  // Nothing for a node that is connected.
  std::optional<NodeAbsence> absence(const std::string& node) const;

 private:
  struct Server;
  explicit NodeServer(std::shared_ptr<Server> server) : server_(std::move(server)) {}

  std::shared_ptr<Server> server_;
};

}  // namespace ikada
