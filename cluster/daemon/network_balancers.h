// The network load balancers of a manager's host, carried out by the kernel: its table of nftables
// (network_table.h) follows the plan and what this host's checks say of the targets.
//
// The table stays when the daemon ends. The next one leaves it as it is until the checks have
// spoken, for a while. Connections that are established are not touched by its changes; those
// that have to end (network_flows.h) are forgotten by connection tracking: their next packet finds
// the table as it is now.
//
// All calls are on the loop's thread; a change of the table takes a few milliseconds. The kernel's
// connections, which may be very many, are the work of threads of its own. It ends with them.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/daemon/network_flows.h"
#include "cluster/daemon/port_claims.h"

namespace ikada {

// Which of the kernel's connections are looked for.
struct FlowLook {
  FlowRules rules = {};
  bool ends = false;                      // Those that have to end.
  std::vector<FlowListener> opened = {};  // Those that were not balanced.

  bool is_nothing() const { return !ends && opened.empty(); }
};

class NetworkBalancers {
 public:
  // `net_state` is where this host's published ports are on record (net/README.md).
  explicit NetworkBalancers(std::string net_state) : net_state_(std::move(net_state)) {}

  // What is known of ports that programs have.
  struct PortSight {
    const std::map<std::string, std::string>& problems;  // Of the proxy, which holds those of TCP.
    bool has_proxy_told = false;                         // What it serves.
    bool is_proxy_current = false;  // It serves this plan, but for those that have problems.
    std::function<bool(std::uint16_t port)> is_clusters;  // Of UDP: some task's here.
  };

  // `seen` null: the checks have not spoken yet.
  void update(const BalancerPlan& plan,
              const TargetObservations* seen,
              NetworkSight sight,
              const PortSight& ports);
  // Takes the table away.
  void remove();

  // Why the table is not as the plan has it; empty if it is.
  const std::string& trouble() const { return trouble_; }

  // Why listeners are not served that the proxy serves, by their names in the plan.
  const std::map<std::string, std::string>& problems() const { return problems_; }

  // Whether anybody waits for connections to end.
  bool has_draining() const { return !draining_.empty(); }
  // Adds to what is seen of draining targets how many connections they still have. Until a count
  // has been possible it is at least one.
  void count_sessions(TargetObservations& seen);

 private:
  using Clock = std::chrono::steady_clock;

  struct FlowCount {
    Result<std::vector<BalancedFlow>> flows;
    Clock::duration took = {};
  };

  bool is_waiting(const TargetObservations* seen, const PortSight& ports);
  std::vector<NetworkListener> choose(const std::vector<NetworkListener>& listeners,
                                      const BalancerPlan& plan,
                                      const NetworkSight& sight,
                                      const PortSight& ports);
  std::vector<UdpListener> list_programs();
  void note_problems(const PortSight& ports);
  Result<void> apply(const std::string& text, bool is_empty);
  void end_flows(const FlowRules& rules);
  void count();
  void take_count(const std::vector<BalancedFlow>& flows);
  void note_trouble(const Result<void>& done);

  const std::string net_state_;
  const Clock::time_point begun_at_ = Clock::now();
  std::optional<bool> was_there_;  // The table, when this object was made.
  BalancerPlan plan_;
  TargetObservations seen_;
  NetworkSight sight_;  // When the plan or what is seen has changed last.
  PortClaims claims_;
  std::map<std::string, std::string> problems_;
  std::vector<NetworkListener> listeners_;  // Those that are served.
  std::string applied_;
  bool was_made_anew_ = false;      // Its rules had been away for a while.
  std::optional<FlowRules> rules_;  // That the kernel's connections have been held against.
  FlowLook wanted_;                 // At the kernel's connections, not begun yet.
  FlowLook again_;                  // Likewise, after the first time.
  std::future<void> looking_;
  std::vector<DrainingTarget> draining_;
  std::vector<std::int64_t> counts_;  // Of them.
  std::future<FlowCount> counting_;
  bool is_count_old_ = false;  // The one under way: others drain now.
  Clock::time_point count_again_ = {};
  std::string trouble_;
  std::string listing_trouble_;  // Of programs with ports of UDP; told once.
};

}  // namespace ikada
