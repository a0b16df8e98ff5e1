// A manager's process: the real feed, API, sessions of nodes, election steps and look at hosts, as
// control_plane.cc, cluster_member.cc and leader.cc put them together, in virtual time.
//
// Only who leads answers the API and takes connections of nodes; every commit carries the fence of
// the term.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cluster/api/api_server.h"
#include "cluster/api/service_keeper.h"
#include "cluster/daemon/lost_hosts.h"
#include "cluster/daemon/node_sessions.h"
#include "cluster/store/leader_steps.h"
#include "tests/cluster/control/control_run.h"
#include "tests/cluster/control/faulty_store.h"
#include "tests/cluster/control/virtual_network.h"
#include "tests/cluster/control/virtual_proxies.h"

namespace ikada::control {

inline const Scope kHome{.account = "000000000000", .region = "us-east-1"};
inline constexpr const char* kLeaderKey = "leader";

// "00000000000000000000000000000003": the node at that place.
std::string node_id(size_t place);

struct ManagerSetting {
  VirtualTime& time;
  VirtualNetwork& network;
  gossip::Simulation& gossip;
  MemoryStore& store;
  const StoreHealth& store_health;
  const ClusterKeys& keys;
  VirtualProxies& proxies;
  ControlMistakes mistakes = {};
  std::function<void(size_t manager, const Transaction&, const Commit&)> on_commit;
  std::function<void()> sync_gossip;  // Lets the gossip come to the present.
  std::function<void(const std::string&)> trace;
};

class VirtualManager {
 public:
  VirtualManager(ManagerSetting& setting, size_t place);
  ~VirtualManager();

  void start();
  void kill(bool has_power = true);
  void pause() { life_->loop->pause(); }
  void resume() { life_->loop->resume(); }
  bool runs() const { return life_ != nullptr; }
  bool is_paused() const { return runs() && life_->loop->is_paused(); }

  bool leads() const;
  StoreHealth& way_to_store() { return way_to_store_; }
  HostClock& clock() { return clock_; }
  const std::shared_ptr<VirtualLoop>& loop() const { return life_->loop; }

  // `respond` may never be called. Null for a manager that does not lead.
  void handle(const ApiRequest& request, std::function<void(const ApiReply&)> respond);
  // As HostDaemon::remove_node, by force.
  void remove_node(const std::string& node);

 private:
  struct Life {
    std::shared_ptr<VirtualLoop> loop;
    std::unique_ptr<FaultyStore> store;
    std::unique_ptr<LeaderSteps> election;
    std::unique_ptr<StateFeed> feed;
    std::unique_ptr<ApiServer> api;
    std::unique_ptr<ServiceKeeper> services;
    std::shared_ptr<NodeSessions> sessions;
    bool was_leading = false;
    bool is_proposing = false;
  };

  template <typename Result>
  void call(std::function<Result(Store&)> work, std::function<void(const Result&)> then);
  void commit(Transaction transaction, ApiGround::Committed then);
  void open_feed();
  void pull();
  void take_part(const LeaderInput& input);
  std::optional<LeaderTerm> term() const;
  Result<std::optional<KeyCompare>> find_fence() const;
  Result<std::optional<KeyCompare>> fence_for_api() const;
  void look_at_leader();
  void look_at_hosts();
  void look_at_targets();
  HostPresence presence_of(const std::string& node) const;
  std::optional<gossip::Status> gossip_status(const std::string& node) const;
  // While this life lasts.
  void every(milliseconds pause, void (VirtualManager::*what)());

  ManagerSetting& setting_;
  const size_t place_;
  HostClock clock_;
  StoreHealth way_to_store_;
  std::shared_ptr<Life> life_;
};

}  // namespace ikada::control
