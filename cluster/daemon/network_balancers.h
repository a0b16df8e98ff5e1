// The network load balancers of a manager's host, carried out by the kernel: its table of nftables
// (network_table.h) follows the plan and what this host's checks say of the targets.
//
// The table stays when the daemon ends. The next one leaves it as it is until the checks have
// spoken, for a while. Connections that are established are not touched by its changes; those
// that have to end are forgotten by connection tracking.
//
// All calls are on the loop's thread; a change takes a few milliseconds.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/daemon/network_table.h"

namespace ikada {

class NetworkBalancers {
 public:
  // `net_state` is where this host's published ports are on record (net/README.md).
  explicit NetworkBalancers(std::string net_state) : net_state_(std::move(net_state)) {}

  // `seen` null: the checks have not spoken yet.
  void update(const BalancerPlan& plan, const TargetObservations* seen, NetworkSight sight);
  // Takes the table away.
  void remove();

  // Why the table is not as the plan has it; empty if it is.
  const std::string& trouble() const { return trouble_; }

  // Whether anybody waits for connections to end.
  bool has_draining() const { return !draining_.empty(); }
  // Adds to what is seen of draining targets how many connections they still have. Until a count
  // has been possible it is at least one.
  void count_sessions(TargetObservations& seen);

 private:
  using Clock = std::chrono::steady_clock;

  bool is_waiting(const TargetObservations* seen);
  Result<void> apply(const std::string& text, bool is_empty);
  void end_flows(const std::vector<EndedTarget>& ended);
  void note_trouble(const Result<void>& done);

  const std::string net_state_;
  const Clock::time_point begun_at_ = Clock::now();
  std::optional<bool> was_there_;  // The table, when this object was made.
  BalancerPlan plan_;
  TargetObservations seen_;
  NetworkSight sight_;  // When the plan or what is seen has changed last.
  std::string applied_;
  std::vector<DrainingTarget> draining_;
  std::vector<std::int64_t> counts_;  // Of them.
  Clock::time_point count_again_ = {};
  std::string trouble_;
};

}  // namespace ikada
