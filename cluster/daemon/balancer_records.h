// What this host counts of its balancers' requests, what other managers tell of theirs, and the
// access logs: lines in this host's log store, a stream of the host's name in the balancer's group
// (cluster/loadbalancing/access_log_line.h).
//
// Lines are written each second, in a thread of its own. More than some thousands a second are not
// kept; how many were left out is logged.
//
//   in {"ask": "targets"} (target_reports.h) besides: "metrics": [a minute, metric_minutes.h…]
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "cluster/engine/layout.h"
#include "cluster/loadbalancing/metric_minutes.h"
#include "cluster/loadbalancing/proxy_status.h"
#include "cluster/loadbalancing/request_log.h"
#include "cluster/logstore/event_append.h"
#include "cluster/model/timestamp.h"

namespace ikada {

class BalancerRecords {
 public:
  // `loop` outlives it.
  BalancerRecords(boost::asio::io_context& loop, EngineLayout layout);
  ~BalancerRecords();
  BalancerRecords(const BalancerRecords&) = delete;
  BalancerRecords& operator=(const BalancerRecords&) = delete;

  void set_plan(const BalancerPlan& plan);
  void take(const std::vector<RequestRecord>& requests, Timestamp now);
  void note_untold(std::int64_t count) { untold_ += count; }

  // Each second: what there is to count besides requests; lines are written. `host`: the stream.
  struct Sight {
    const TargetObservations& targets;
    const std::map<std::string, ConnectionCounts>& connections;
    std::string host = {};
  };
  void look(const Sight& sight, Timestamp now);

  const MetricBook& book() const { return book_; }

  // Some of what has changed since it was taken, or [] if nothing has; whoever could not tell it
  // gives it back.
  Json take_news();
  void give_back(const Json& news);
  void tell_all_anew();

  // Of other managers, while we lead.
  Result<void> put(const std::string& node, const Json& news);
  void keep_others(const std::map<std::string, std::string>& names);  // By their nodes.

 private:
  struct Place {
    PlannedListener listener;
    std::string region;
    std::set<std::string> groups;  // Names that it forwards to.
  };
  struct Pending {
    std::string region;
    std::vector<PutEvent> events;
    std::int64_t left_out = 0;
  };

  MetricCell& cell(Timestamp now, const std::string& balancer, const std::string& group);
  void count(const RequestRecord& request, const Place& place, Timestamp now);
  void log(const RequestRecord& request, const Place& place, Timestamp now);
  void count_targets(const TargetObservations& targets, Timestamp now);
  void count_connections(const std::map<std::string, ConnectionCounts>& counts, Timestamp now);
  void write_lines(const std::string& host, Timestamp now);
  void complain(Timestamp now);

  boost::asio::io_context& loop_;
  EngineLayout layout_;
  std::map<std::string, Place> places_;        // By listener's section.
  std::map<std::string, std::string> arns_;    // Groups', by their sections.
  std::map<std::string, std::string> groups_;  // Groups' ARNs by their names.
  MetricBook book_;
  std::set<std::int64_t> changed_;  // Minutes.
  std::map<std::string, ConnectionCounts> connections_;
  std::map<std::string, Pending> pending_;  // By log group.
  bool is_writing_ = false;
  std::int64_t untold_ = 0;
  std::int64_t left_out_ = 0;
  std::int64_t complained_ms_ = 0;
  std::shared_ptr<bool> is_here_ = std::make_shared<bool>(true);
  boost::asio::thread_pool thread_{1};
};

}  // namespace ikada
