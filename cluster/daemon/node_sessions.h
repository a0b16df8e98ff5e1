// The nodes that are connected to this manager, and how long the others have been away.
//
// Only the leading manager has sessions, and only it refuses whom it does not know: others may know
// less. On another one who connects is told where the leader is, or, while that is not known, waits
// with its connection until it is.
//
// A node has one session, the newest: an older connection of the same node is one that it has given
// up. But while that lives, one from another address is another host with a copy of the node's
// identity, and refused; so is one that comes too often. A node whose record goes is cut off. All
// are told where the managers are and which nodes, and of the network and the names of tasks: whole
// at first, then what has changed.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cluster/daemon/node_session.h"
#include "cluster/node/held_keys.h"
#include "cluster/node/name_news.h"
#include "cluster/node/network_view.h"
#include "runtime/base/loop.h"

namespace ikada {

// How a node's connection ended, and when.
struct NodeAbsence {
  std::chrono::steady_clock::time_point since;
  bool was_here = true;     // False: not since this manager has started.
  bool was_silent = false;  // Nothing more came; otherwise it was closed, by a daemon that ended.
};

// What other managers ask the leading one, and what a new manager needs besides its membership.
struct ManagerCalls {
  using Reply = std::function<void(Result<Json>)>;
  std::function<void(const Json& body, Reply)> api = {};
  std::function<void(const Json& body, Reply)> cluster = {};
  // What the balancers of that manager's host see.
  std::function<void(const std::string& node, const Json& body, Reply)> targets = {};
  // Once its node is on record; an error takes that back.
  std::function<void(const Node& node, Reply)> admit = {};
  // A host at `origin` shows the identity of a node that is connected from elsewhere.
  std::function<void(const std::string& node, const std::string& origin)> doubled = {};
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
  // link's from then on. One that is no member is told so; then there is nothing to call. `origin`
  // is the address that it comes from.
  FrameLink::Listener greet(const std::shared_ptr<FrameLink>& link,
                            const auth::NodeIdentity& identity,
                            const std::string& origin = "");

  // Without it, and at the beginning, this manager leads; `leader` is its endpoint for nodes, empty
  // if nobody is known to lead. `silent` is the node of a leader before it that fell silent, empty
  // if there is none: that one is absent as if its connection here had fallen silent.
  void lead(const std::string& silent = {});
  void follow(const std::string& leader);
  bool leads() const { return leads_; }
  const std::string& leader() const { return leader_; }
  // The endpoints of all managers, which the nodes are told.
  void set_managers(std::vector<std::string> managers);
  void set_calls(ManagerCalls calls) { calls_ = std::move(calls); }

  // A record of this key has changed in the state; "": everything may have.
  void note_change(std::string_view key);

  bool is_connected(const std::string& node) const { return sessions_.count(node) > 0; }
  // Nothing for a node that is connected. One is absent from the end of its admission on.
  std::optional<NodeAbsence> absence(const std::string& node) const;
  void note_admission(const std::string& node, bool is_over);
  size_t size() const { return sessions_.size(); }
  // The role that the node has shown; nothing for one that is not connected.
  std::optional<auth::NodeRole> role_of(const std::string& node) const;
  // The ids of the gossip keys that it has said it has.
  std::vector<std::string> gossip_keys_of(const std::string& node) const;
  void tell_all(const News& news);
  void tell(const std::string& node, const News& news);
  HeldKeys held_keys_of(const std::string& node) const;
  // Whether another host has shown the node's identity within the last minute.
  bool is_doubled(const std::string& node) const;

  // Ends all; nothing is called back any more.
  void close();

 private:
  struct Current {
    std::shared_ptr<NodeSession> session;
    auth::NodeIdentity identity;
    std::shared_ptr<FrameLink> link;
    std::string origin;
    std::vector<std::string> gossip_keys = {};
    HeldKeys held_keys = {};
  };
  struct Waiting {
    std::shared_ptr<FrameLink> link;
    auth::NodeIdentity identity;
    std::string origin;
  };
  // Connections that came while an older one of the node lived.
  struct Doubles {
    std::chrono::steady_clock::time_point since;
    int replaced = 0;
    std::optional<std::chrono::steady_clock::time_point> refused_at = {};
  };

  const ScopeState& state() const;
  bool is_member(const auth::NodeIdentity& identity) const;
  static void refuse(FrameLink& link);
  bool send_on(const std::shared_ptr<FrameLink>& link,
               const auth::NodeIdentity& identity,
               const std::string& origin);
  void begin(const std::shared_ptr<FrameLink>& link,
             const auth::NodeIdentity& identity,
             const std::string& origin);
  bool refuse_double(const std::shared_ptr<FrameLink>& link,
                     const std::string& node,
                     const std::string& origin);
  void tell_role(const Current& current);
  void tell_roles(std::string_view key);
  void take(const FrameLink& link, const auth::NodeIdentity& identity, const Json& json);
  bool call_manager(const std::string& node,
                    const Question& question,
                    const std::shared_ptr<FrameLink>& link);
  News managers_news() const;
  void tell_managers();
  void tell_network();
  void tell_logs();
  void tell_gossip_keys();
  void note_gossip_keys(const Question& question, Current& current);
  void note_held_keys(const Question& question, Current& current);
  void tell_names(std::string_view key);
  void note_end(const FrameLink* link, const std::string& node, const Error& why);
  void finish_soon(const std::shared_ptr<NodeSession>& session);

  std::shared_ptr<Loop> loop_;
  const ClusterKeys& keys_;
  ApiServer& api_;
  StateFeed& feed_;
  std::int64_t certificate_lifetime_s_;
  bool leads_ = true;
  std::string leader_;
  std::vector<std::string> managers_;
  std::vector<std::string> manager_nodes_;  // As they were told last.
  ManagerCalls calls_;
  std::map<std::string, Current> sessions_;  // By node, as the next.
  std::map<std::string, Waiting> waiting_;
  std::map<std::string, NodeAbsence> absences_;
  std::set<std::string> admitting_;
  std::map<std::string, Doubles> doubles_;
  std::map<std::string, std::shared_ptr<OldReports>> old_reports_;
  std::chrono::steady_clock::time_point started_;
  // The network of tasks as it was told last.
  std::map<std::string, NetworkPeer> peers_;
  std::string pool_;
  NameEntries names_;  // As they were told last, while there are sessions.
  Json log_terms_;     // Likewise.
};

}  // namespace ikada
