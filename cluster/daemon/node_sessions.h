// The nodes that are connected to this manager, and how long the others have been away.
//
// A node has one session, the newest: an older connection of the same node is one that it has given
// up. A node whose record goes is cut off. All are told of the network of tasks: whole at first,
// then what has changed.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "cluster/daemon/node_session.h"
#include "cluster/node/network_view.h"
#include "runtime/base/loop.h"

namespace ikada {

// How a node's connection ended, and when.
struct NodeAbsence {
  std::chrono::steady_clock::time_point since;
  bool was_here = true;     // False: not since this manager has started.
  bool was_silent = false;  // Nothing more came; otherwise it was closed, by a daemon that ended.
};

class NodeSessions : public std::enable_shared_from_this<NodeSessions> {
 public:
  // Everything outlives it; `keys` are the cluster's.
  NodeSessions(std::shared_ptr<Loop> loop,
               const ClusterKeys& keys,
               ApiServer& api,
               StateFeed& feed,
               std::int64_t certificate_lifetime_s);

  // Begins the session of whoever has shown that identity over the link; what to call back is the
  // link's from then on. One that is no member is told so; then there is nothing to call.
  FrameLink::Listener greet(const std::shared_ptr<FrameLink>& link,
                            const auth::NodeIdentity& identity);

  // A record of this key has changed in the state; "": everything may have.
  void note_change(std::string_view key);

  bool is_connected(const std::string& node) const { return sessions_.count(node) > 0; }
  // Nothing for a node that is connected.
  std::optional<NodeAbsence> absence(const std::string& node) const;
  size_t size() const { return sessions_.size(); }

  // Ends all; nothing is called back any more.
  void close();

 private:
  const ScopeState& state() const;
  void tell_network();
  void note_end(const std::shared_ptr<NodeSession>& session, const Error& why);
  void finish_soon(const std::shared_ptr<NodeSession>& session);

  std::shared_ptr<Loop> loop_;
  const ClusterKeys& keys_;
  ApiServer& api_;
  StateFeed& feed_;
  std::int64_t certificate_lifetime_s_;
  std::map<std::string, std::shared_ptr<NodeSession>> sessions_;  // By node.
  std::map<std::string, NodeAbsence> absences_;
  std::chrono::steady_clock::time_point started_;
  // The network of tasks as it was told last.
  std::map<std::string, NetworkPeer> peers_;
  std::string pool_;
};

}  // namespace ikada
