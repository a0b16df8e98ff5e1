// What a Proxy does, as one dialogue with HAProxy that outlives the Proxy until its next pause.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cluster/loadbalancing/haproxy_config.h"
#include "cluster/loadbalancing/proxy_status.h"
#include "cluster/proxy/haproxy_process.h"
#include "cluster/proxy/proxy.h"
#include "cluster/proxy/request_socket.h"
#include "cluster/proxy/request_sums.h"

namespace ikada {

class ProxyWork : public std::enable_shared_from_this<ProxyWork> {
 public:
  ProxyWork(boost::asio::io_context& loop, ProxyOptions options, ProxyEvents events);

  void apply(BalancerPlan plan, std::int64_t revision);
  void leave();
  void stop();
  const std::map<std::string, SectionCounts>& counts() const { return sums_.sums(); }
  const std::map<std::string, ConnectionCounts>& connections() const { return status_.connections; }

 private:
  using Yield = boost::asio::yield_context;
  using Clock = std::chrono::steady_clock;

  void run(const Yield& yield);
  void pause(std::chrono::milliseconds delay, const Yield& yield);
  void wait_shortly(std::chrono::milliseconds time, const Yield& yield);
  void wake();
  void take_over();

  // One look at everything: what runs, what should, what the targets do.
  Result<void> step(const Yield& yield);
  Result<void> serve(const Yield& yield);
  void end_service();

  // The plan without listeners that cannot be served now.
  void choose_listeners();
  void block(const std::string& listener, const std::string& reason);
  // The hash of a listener's own file, to know a refused one again.
  std::string listener_hash(const PlannedListener& listener) const;
  bool is_search_due();
  // Of a question that was asked then.
  void note_answer(bool is_answered, Clock::time_point asked_at);
  bool is_silent() const;
  void restart_if_silent();
  bool does_master_hang(const Yield& yield);
  void shorten_log();
  void hear_requests();
  Result<std::unique_ptr<RequestSocket>> open_requests_socket();
  Result<void> count_untold(const Yield& yield);
  Result<void> block_refused_listeners(const Error& refusal, const Yield& yield);

  Result<void> write_config(const std::string& path, const BalancerPlan& plan);
  Result<void> check_new_config(const Yield& yield);
  bool is_config_there() const;
  Result<void> start(const Yield& yield);
  Result<void> reload(const Yield& yield);
  Result<void> learn_running_hash(const Yield& yield);
  Result<void> await_hash(const std::string& hash, const Yield& yield);
  Result<std::string> ask(const std::string& command, const Yield& yield);
  Result<ProxyStatus> ask_status(const std::string& command, const Yield& yield);
  void ask_old_workers(ProxyStatus& status, const Yield& yield);
  std::vector<std::string> moving_groups() const;
  Result<void> look(const Yield& yield);
  Result<void> look_at_all(const Yield& yield);
  Result<void> look_at(const std::vector<std::string>& groups, const Yield& yield);
  Result<void> steer(const Yield& yield);

  HaproxyPaths paths() const;
  std::string certificates_stamp() const;
  void report_targets(TargetObservations seen);
  void report_problems();
  void report_serving();

  boost::asio::io_context& loop_;
  const ProxyOptions options_;
  const ProxyEvents events_;
  const HaproxyFiles files_;
  HaproxyProcess process_;
  boost::asio::steady_timer timer_;
  bool is_left_ = false;
  bool is_begun_ = false;  // run() runs.
  Clock::time_point begun_at_ = {};
  Clock::time_point search_again_ = {};  // For HAProxys that no file tells of.
  bool is_woken_ = false;                // Something happened while it was not in pause().

  BalancerPlan wanted_;
  std::int64_t wanted_revision_ = 0;
  bool is_plan_new_ = false;
  BalancerPlan plan_;
  std::int64_t plan_revision_ = 0;
  std::string plan_hash_;     // Of plan_'s file.
  std::string running_hash_;  // Of what HAProxy runs; empty: not known.
  std::string file_hash_;     // Of the file that was found when HAProxy was taken over.
  std::string certificates_;
  std::set<std::string> bound_;          // "ADDRESS:PORT" that HAProxy listens at.
  bool is_bound_sure_ = true;            // Not so when another file was found than HAProxy runs.
  int unanswered_ = 0;                   // Questions in a row that HAProxy did not answer.
  Clock::time_point silent_since_ = {};  // When the first of these was asked.
  std::map<std::string, std::string> blocked_;
  std::map<std::string, std::string> refused_;  // Listeners' hashes, and what HAProxy said.
  Clock::time_point look_again_ = {};           // At what is blocked, and at certificates.
  std::string trouble_;                         // What concerns all listeners.
  std::string unkept_;  // Why the file does not say what HAProxy knows of its servers.
  ListenerProblems reported_problems_;
  std::optional<std::int64_t> reported_serving_;

  ProxyStatus status_;
  Clock::time_point look_at_all_ = {};  // When all of it has to be looked at again.
  ConfiguredServers written_servers_;
  std::vector<std::string> last_commands_;
  TargetObservations observations_;
  RequestSums sums_;
  std::unique_ptr<RequestSocket> requests_;
  bool is_deaf_ = false;  // It could not be opened.
  Clock::time_point count_untold_at_ = {};
  std::optional<std::int64_t> untold_;  // As the present worker has counted.
  bool may_have_old_workers_ = true;
  std::chrono::milliseconds delay_{0};
};

}  // namespace ikada
