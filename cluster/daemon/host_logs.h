// Keeps this host's log store within its bounds (cluster/logstore/log_room.h), while the daemon
// runs: at its start, then twice a minute.
//
// All calls are on the loop's thread; the work is done on one of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "cluster/engine/layout.h"
#include "cluster/logstore/log_room.h"
#include "cluster/node/frames.h"
#include "cluster/state/state.h"

namespace ikada {

// What the leading manager tells the nodes of all groups: {"tell": "logs"}.
News log_terms_news(const State& state);
std::vector<LogGroupTerms> find_log_terms(const State& state);

class HostLogs {
 public:
  HostLogs(boost::asio::io_context& loop, EngineLayout layout);

  void set_max_bytes(std::uint64_t bytes) { max_bytes_ = bytes; }
  // Of a manager: its own state's. Of other hosts: as they were told last.
  using FindTerms = std::function<std::vector<LogGroupTerms>()>;
  void set_find_terms(FindTerms find) { find_terms_ = std::move(find); }
  void take(const News& news);

  void start();
  void stop();

 private:
  void wait();
  void look();

  boost::asio::io_context& loop_;
  EngineLayout layout_;
  std::uint64_t max_bytes_ = kDefaultLogStoreBytes;
  FindTerms find_terms_;
  std::vector<LogGroupTerms> told_;
  boost::asio::steady_timer timer_;
  boost::asio::thread_pool thread_{1};
  bool is_stopped_ = false;
};

}  // namespace ikada
