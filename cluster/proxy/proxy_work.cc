#include "cluster/proxy/proxy_work.h"

#include <algorithm>
#include <utility>

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "cluster/loadbalancing/proxy_changes.h"
#include "cluster/loadbalancing/target_observations.h"
#include "cluster/proxy/running_config.h"
#include "cluster/proxy/runtime_socket.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAfterCommands{5};
constexpr milliseconds kInMotion{50};
constexpr milliseconds kAtRest{500};
constexpr milliseconds kFirstRetry{50};
constexpr milliseconds kLongestRetry{2000};
constexpr int kShareOfTime = 20;  // Of the time at most one in this many goes into looking.
constexpr size_t kMaxOldWorkers = 5;
constexpr std::string_view kAskStatus = "show stat -1 6 -1";

// Commands that are answered otherwise than with nothing or one of these have failed.
bool is_refusal(const std::string& answer) {
  return !answer.empty() && answer.find("New server registered") == std::string::npos &&
         answer.find("Server deleted") == std::string::npos;
}

}  // namespace

ProxyWork::ProxyWork(boost::asio::io_context& loop, ProxyOptions options, ProxyEvents events)
    : loop_(loop),
      options_(std::move(options)),
      events_(std::move(events)),
      files_(options_.directory),
      process_(loop,
               options_.program,
               files_,
               [this] {
                 const bool served = !std::exchange(running_hash_, {}).empty();
                 if (served) spdlog::warn("HAProxy ended by itself, starting it again");
                 wake();
               }),
      timer_(loop) {}

void ProxyWork::apply(BalancerPlan plan) {
  wanted_ = std::move(plan);
  is_plan_new_ = true;
  wake();
  if (is_left_ || std::exchange(is_begun_, true)) return;
  boost::asio::spawn(
      loop_,
      [self = shared_from_this()](const Yield& yield) { self->run(yield); },
      boost::asio::detached);
}

void ProxyWork::leave() {
  is_left_ = true;
  wake();
}

void ProxyWork::stop() {
  wanted_ = {};
  is_plan_new_ = true;
  if (!process_.is_running()) process_.adopt();
  process_.end();
  wake();
}

void ProxyWork::wake() {
  is_woken_ = true;
  timer_.cancel();
}

void ProxyWork::pause(milliseconds delay, const Yield& yield) {
  if (is_woken_) return;
  timer_.expires_after(delay);
  boost::system::error_code cancelled;
  timer_.async_wait(yield[cancelled]);
}

void ProxyWork::run(const Yield& yield) {
  // Nothing is called back from within apply().
  boost::asio::post(loop_, yield);
  milliseconds retry = kFirstRetry;
  while (!is_left_) {
    is_woken_ = false;
    const Result<void> done = step(yield);
    if (is_left_) return;
    trouble_ = done.has_value() ? "" : done.error().message;
    report_problems();
    if (is_left_) return;
    if (!done.has_value()) {
      delay_ = retry;
      retry = std::min(retry * 2, kLongestRetry);
    } else {
      retry = kFirstRetry;
    }
    pause(delay_, yield);
  }
}

Result<void> ProxyWork::step(const Yield& yield) {
  delay_ = kAtRest;
  restart_if_silent();
  take_over();
  choose_listeners();
  if (plan_.listeners.empty()) {
    end_service();
    return {};
  }
  return serve(yield);
}

void ProxyWork::end_service() {
  if (process_.is_running()) {
    process_.end();
    spdlog::info("HAProxy stopped: no listener is left");
  }
  running_hash_.clear();
  bound_.clear();
  status_ = {};
  report_targets({});
}

Result<void> ProxyWork::serve(const Yield& yield) {
  if (!process_.is_running()) {
    IK_TRY(start(yield));
  } else {
    if (running_hash_.empty()) IK_TRY(learn_running_hash(yield));
    if (running_hash_ != plan_hash_) IK_TRY(reload(yield));
  }
  if (is_left_) return {};
  return steer(yield);
}

Result<std::string> ProxyWork::ask(const std::string& command, const Yield& yield) {
  return ask_haproxy(loop_, files_.runtime_socket, command, yield);
}

Result<ProxyStatus> ProxyWork::ask_status(const Yield& yield) {
  const Result<std::string> text = ask(std::string(kAskStatus), yield);
  silent_steps_ = text.has_value() ? 0 : silent_steps_ + 1;
  if (!text.has_value()) return text.error();
  return parse_proxy_status(*text);
}

void ProxyWork::ask_old_workers(ProxyStatus& status, const Yield& yield) {
  if (!may_have_old_workers_) return;
  const Result<std::string> processes =
      ask_haproxy(loop_, files_.master_socket, "show proc", yield);
  if (!processes.has_value()) return;
  std::vector<std::string> old = old_worker_pids(*processes);
  may_have_old_workers_ = !old.empty();
  if (old.size() > kMaxOldWorkers) old.erase(old.begin(), old.end() - kMaxOldWorkers);
  for (const std::string& pid : old) {
    const Result<std::string> text =
        ask_haproxy(loop_, files_.master_socket, fmt::format("@!{} {}", pid, kAskStatus), yield);
    if (!text.has_value()) continue;  // It has just ended.
    const Result<ProxyStatus> past = parse_proxy_status(*text);
    if (past.has_value()) add_lingering(status, *past);
  }
}

// Brings the servers to what the plan has, and tells how they do.
Result<void> ProxyWork::steer(const Yield& yield) {
  const Clock::time_point began = Clock::now();
  IK_LET(status, ask_status(yield));
  const auto taken = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
  ask_old_workers(status, yield);
  if (is_left_ || is_plan_new_) return {};
  status_ = std::move(status);
  const std::vector<std::string> commands = proxy_changes(status_, plan_);
  const bool is_repeated = commands == last_commands_;
  last_commands_ = commands;
  for (const std::string& command : commands) {
    IK_LET(answer, ask(command, yield));
    if (is_left_) return {};
    if (is_refusal(answer)) spdlog::debug("HAProxy: \"{}\": {}", command, answer);
  }
  if (servers_to_keep(status_, plan_) != written_servers_) {
    IK_TRY(write_config(files_.config, plan_));
  }
  sums_.add(group_counts(status_, plan_));
  TargetObservations seen = observe_targets(status_, plan_, observations_);
  if (is_in_motion(seen)) delay_ = kInMotion;
  if (!commands.empty()) delay_ = is_repeated ? kInMotion : kAfterCommands;
  delay_ = std::max(delay_, std::min(taken * kShareOfTime, kAtRest));
  report_targets(std::move(seen));
  return {};
}

void ProxyWork::report_targets(TargetObservations seen) {
  const bool is_new = is_news(observations_, seen);
  observations_ = std::move(seen);
  if (!is_new) return;
  events_.on_targets(observations_);
}

void ProxyWork::report_problems() {
  ListenerProblems problems = blocked_;
  if (!trouble_.empty()) problems[""] = trouble_;
  if (problems == reported_problems_) return;
  for (const auto& [listener, reason] : problems) {
    const auto before = reported_problems_.find(listener);
    if (before != reported_problems_.end() && before->second == reason) continue;
    if (listener.empty()) {
      spdlog::warn("load balancers: {}, retrying", reason);
    } else {
      spdlog::warn("listener {}: {}, retrying", listener, reason);
    }
  }
  reported_problems_ = std::move(problems);
  events_.on_problems(reported_problems_);
}

}  // namespace ikada
