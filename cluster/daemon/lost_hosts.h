// When a host counts as lost, and what becomes of its tasks then. Pure.
//
// Two must agree: gossip calls the host dead, and its connection with the managers has lapsed. A
// connection that went silent has lapsed; one that was closed was closed by a daemon that ended on
// a host that lives: it has kRestartGrace to come back, and so has everybody when a manager starts
// whose host still answers (host_probes.h).
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "cluster/api/outcome.h"
#include "cluster/gossip/member_table.h"
#include "cluster/state/state.h"

namespace ikada {

inline constexpr std::chrono::seconds kRestartGrace{30};
inline constexpr std::chrono::seconds kConnectGrace{10};  // Of a host that was never connected.

struct HostPresence {
  bool is_connected = false;
  bool was_here = false;                      // Since the manager has started.
  bool was_silent = false;                    // The connection was lost, not closed.
  std::chrono::milliseconds absent_for{};     // If it is not connected.
  std::optional<gossip::Status> gossip = {};  // Nothing: nobody has told of it.
  std::string role = {};                      // That it shows, while it is connected.
  bool votes = true;  // Its member of etcd does, if a manager is to have one.
};

bool is_host_lost(const HostPresence& presence);

// Its instance is disconnected and its tasks STOPPED, some of them at a time; nothing if they are.
std::optional<Proposal> plan_lost_host(const ScopeState& scope, const Node& node, Timestamp now);

// What the records should say of hosts and do not: one change at a time, nothing if they do.
// `own` is the manager's own node.
struct HostChange {
  Proposal proposal;
  std::string lost = {};       // The node that is given up with it.
  std::string forgotten = {};  // The one that was admitted and never came.
};

// How long a host may take from its admission until it comes.
inline constexpr std::chrono::minutes kArrivalTime{10};
// A manager that nobody hears of: its member of etcd, which does not vote, keeps others from
// joining and from being promoted. One that gossip hears of is only slow.
inline constexpr std::chrono::seconds kManagerArrivalTime{30};

// A node that has come, or that has come in the role that it was to have, is as any other; one that
// does not come goes. A manager has come when its member of etcd votes, too.
std::optional<HostChange> plan_arrival(const ScopeState& scope,
                                       const Kept<Node>& node,
                                       const HostPresence& presence,
                                       Timestamp now);
std::optional<HostChange> plan_hosts(
    const ScopeState& scope,
    const std::string& own,
    const std::function<HostPresence(const std::string& node)>& presence_of,
    Timestamp now);

}  // namespace ikada
