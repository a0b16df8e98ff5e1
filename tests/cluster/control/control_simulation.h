// A whole cluster in one process and in virtual time: managers with their store, workers with
// their agents, gossip between them, and clients of the API; then everything fails that can. The
// same seed gives the same run.
//
// A run has three parts: the cluster comes up; clients and faults do what the seed says; then the
// world is made whole, and within kGapLimit what is wanted must be what there is. Invariants are
// checked after every event.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cluster/node/membership.h"
#include "tests/cluster/control/control_run.h"
#include "tests/cluster/control/store_invariants.h"
#include "tests/cluster/control/virtual_host.h"
#include "tests/cluster/control/virtual_plane.h"

namespace ikada::control {

inline constexpr seconds kGapLimit{90};
inline constexpr std::int64_t kDelayMs = 10'000;  // Of the target group's deregistration.

class ControlSimulation {
 public:
  ControlSimulation(std::uint64_t seed, const ControlOptions& options);
  ~ControlSimulation();

  // Empty if everything held, else what did not.
  std::string run();

  std::uint64_t events() const { return time_.events(); }
  double seconds_passed() const { return time_.seconds_passed(); }
  size_t tasks() const;
  // How long it took until there was no gap any more.
  double seconds_to_settle() const { return seconds_to_settle_; }

 private:
  struct Call;
  friend class Faults;

  void begin();
  void register_definitions();
  void make_whole();
  // Empty once there is no gap; else what was left.
  std::string settle();
  // Until it is true, looked at after every event; false if an invariant broke or it took longer.
  bool run_until(const std::function<bool()>& is_reached, Duration limit);
  bool run_for(Duration duration);

  // Clients.
  void call_something();
  void run_task();
  void start_task();
  void stop_task();
  void set_instance_state();
  void deregister_instance();
  void create_services();
  void update_service();
  std::string fill();
  void begin(const std::shared_ptr<Call>& call);
  void send(const std::shared_ptr<Call>& call);
  void take_answer(const std::shared_ptr<Call>& call, const ApiReply& reply);
  void take_tasks(const Call& call, const Json& answer);
  void take_stopped(const Call& call);

  // Faults.
  void break_something();
  void break_manager();
  void break_host(VirtualHost& chosen);
  void break_network();
  void break_store();
  void weaken_host();
  void remove_node();
  void insist_on_removal(const std::string& node);
  void restart_host(size_t place);
  void restart_manager(size_t place);
  void sync_gossip();

  void check_start(size_t place, const VirtualEngine::Container& container);
  void check_stopped(const Task& task);
  void check_signal(const VirtualEngine::Container& container);
  void check_told(const Task& task);
  void make_balancer();
  std::string gap();
  std::string gap_of_task(const Task& task);
  std::string gap_of_host(const VirtualHost& host);
  std::string gap_of_services();
  size_t free_places() const;  // For tasks of the family web.
  const ClusterState* cluster() const;
  VirtualHost* host_at(const std::string& instance);
  void trace(const std::string& line);

  const ControlOptions options_;
  VirtualTime time_;
  const size_t manager_count_;
  const size_t host_count_;
  gossip::Simulation gossip_;
  VirtualNetwork network_;
  MemoryStore store_;
  StoreHealth store_health_;
  StoreInvariants invariants_;
  VirtualProxies proxies_;
  ManagerSetting manager_setting_;
  HostSetting host_setting_;
  std::vector<std::unique_ptr<VirtualManager>> managers_;
  std::vector<std::unique_ptr<VirtualHost>> hosts_;
  std::set<size_t> gone_;          // Hosts that never come back.
  std::set<size_t> removed_;       // Nodes that the cluster does not know any more.
  std::set<size_t> deregistered_;  // Their instances.
  std::set<std::string> ended_;    // Tasks whose hosts have reported STOPPED.
  std::set<std::string> forced_;   // Tasks that a client has stopped at once.
  bool is_whole_ = false;          // Nothing fails any more.
  size_t open_calls_ = 0;          // That clients still try again.
  std::uint64_t incarnation_ = 1;
  double seconds_to_settle_ = 0;
};

}  // namespace ikada::control
