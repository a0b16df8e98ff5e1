// The load balancers of a manager's host: the proxy gets the plan that follows from the state, and
// what it sees of the targets goes to whoever leads.
//
// Every manager carries all balancers. HAProxy serves on while the daemon is away; nothing is
// planned before the state is known.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "cluster/api/api_server.h"
#include "cluster/daemon/target_reports.h"
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
  };

  // Everything outlives it.
  HostBalancers(boost::asio::io_context& loop, ProxyOptions options, Ground ground);
  ~HostBalancers() { stop(); }
  HostBalancers(const HostBalancers&) = delete;
  HostBalancers& operator=(const HostBalancers&) = delete;

  void start();
  // The proxy stays.
  void stop();
  // For a host that is no manager any more: the proxy ends, too.
  void end_proxy() { proxy_->stop(); }

  // A record of this key has changed in the state; "": everything may have.
  void note_change(std::string_view key);

  // To the leader; null while there is none. And when it is connected again.
  void set_link(Uplink* link);
  void note_connected() { is_told_ = false; }

  // The leader's side: what a manager's node has told.
  Result<Json> take_report(const std::string& node, const Json& body);

 private:
  using Clock = TargetReports::Clock;

  void plan_soon();
  void look();
  void make_plan();
  void note_observations(const TargetObservations& observations);
  void tell();
  void see();

  Ground ground_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer soon_;
  std::optional<BalancerPlan> plan_;
  TargetObservations own_;
  TargetReports reports_;
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
