// The load balancers of a manager's host: the proxy gets the plan that follows from the state, and
// what it sees of the targets goes to whoever leads, and to the kernel's table of network load
// balancers.
//
// Every manager carries all balancers. HAProxy and the kernel serve on while the daemon is away;
// nothing is planned before the state is known.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "cluster/api/api_server.h"
#include "cluster/daemon/balancer_addresses.h"
#include "cluster/daemon/balancer_records.h"
#include "cluster/daemon/certificate_files.h"
#include "cluster/daemon/network_balancers.h"
#include "cluster/daemon/target_reports.h"
#include "cluster/loadbalancing/address_holders.h"
#include "cluster/node/uplink.h"
#include "cluster/proxy/proxy.h"

namespace ikada {

class HostBalancers {
 public:
  struct Ground {
    ApiServer& api;
    StateFeed& feed;
    std::function<bool()> leads;
    std::function<std::string()> node;  // Of this host in the cluster; empty if it is in none.
    std::function<void()> on_targets;   // The API sees other things of targets than before.
    EngineLayout layout;                // Whose log store gets access logs.
  };

  // Everything outlives it.
  HostBalancers(boost::asio::io_context& loop, ProxyOptions options, Ground ground);
  ~HostBalancers();
  HostBalancers(const HostBalancers&) = delete;
  HostBalancers& operator=(const HostBalancers&) = delete;

  void start();
  // The proxy stays.
  void stop();
  // For a host that is no manager any more: the proxy ends, too, and the kernel's table.
  void end_service();

  // Whether this host may have addresses of load balancers: not when it knows too little of the
  // others, who may have given them to another. As it was until it is called. Once it was not, its
  // state may be an old one: it has none until whoever leads says the same.
  void allow_addresses(bool is_allowed);
  // The leader's side: each address has one living holder, on record.
  void give_addresses(const std::vector<Carrier>& carriers);

  // Whether a manager's host counts as lost: what it may still say of its balancers nobody waits
  // for. Null: none is known to be.
  void set_is_lost(std::function<bool(const std::string& node)> is_lost) {
    is_lost_ = std::move(is_lost);
  }

  // Brings the kernel's table back if somebody took it away.
  void mend() { update_network(); }

  // A record of this key has changed in the state; "": everything may have.
  void note_change(std::string_view key);

  // To the leader; null while there is none. And when it is connected again.
  void set_link(Uplink* link);
  void note_connected() {
    is_told_ = false;
    records_.tell_all_anew();
  }

  // The leader's side: what a manager's node has told.
  Result<Json> take_report(const std::string& node, const Json& body);

 private:
  using Clock = TargetReports::Clock;

  void plan_soon();
  void look();
  void make_plan();
  void note_observations(const TargetObservations& observations);
  void note_problems(const ListenerProblems& problems);
  void note_serving();
  std::optional<Serving> find_serving() const;
  void update_network();
  void note_hung();
  void hold_addresses();
  std::set<std::uint32_t> addresses_of(const std::string& node) const;
  void note_leaders_addresses(const Json& answer);
  void count_soon();
  ProxyEvents proxy_events();
  std::string host_name() const;
  const ScopeState& home() const;
  void tell();
  void see();

  Ground ground_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer soon_;
  boost::asio::steady_timer count_timer_;
  std::optional<BalancerPlan> plan_;
  CertificateFiles certificates_;
  NetworkBalancers network_;
  std::unique_ptr<BalancerAddresses> addresses_;  // Until stop().
  std::optional<bool> may_hold_;
  bool is_service_over_ = false;
  bool needs_word_ = false;  // Of the leader, which addresses are this host's.
  bool is_giving_ = false;
  const Clock::time_point begun_at_ = Clock::now();
  std::optional<TargetObservations> checked_;  // What the proxy sees.
  TargetObservations own_;                     // With the connections that it does not carry.
  bool is_counting_soon_ = false;
  std::int64_t planned_revision_ = 0;           // Of the records that plan_ is made from.
  std::optional<std::int64_t> proxy_revision_;  // That the proxy serves.
  ListenerProblems problems_;                   // Of the proxy.
  std::optional<Serving> serving_;              // All of it; nothing: not known yet.
  std::optional<std::int64_t> known_;           // The state's revision when we began to lead.
  TargetReports reports_;
  BalancerRecords records_;
  std::function<bool(const std::string&)> is_lost_;
  Uplink* link_ = nullptr;
  bool is_told_ = false;
  bool is_telling_ = false;
  Clock::time_point told_at_ = {};
  bool is_planning_soon_ = false;
  bool was_leading_ = false;
  std::shared_ptr<bool> is_here_ = std::make_shared<bool>(true);
  std::unique_ptr<Proxy> proxy_;  // Until stop().
};

}  // namespace ikada
