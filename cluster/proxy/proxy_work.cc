#include "cluster/proxy/proxy_work.h"

#include <algorithm>
#include <utility>

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "cluster/loadbalancing/proxy_changes.h"
#include "cluster/loadbalancing/rule_actions.h"
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
constexpr milliseconds kLongestRest{2000};
constexpr size_t kMaxMoving = 32;
constexpr size_t kMaxOldWorkers = 5;
constexpr std::string_view kAskStatus = "show stat -1 7 -1";  // Listeners, groups, servers.
constexpr std::chrono::seconds kCountUntold{10};

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

void ProxyWork::apply(BalancerPlan plan, std::int64_t revision) {
  wanted_ = std::move(plan);
  wanted_revision_ = revision;
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
  requests_.reset();
  wake();
}

void ProxyWork::stop() {
  wanted_ = {};
  is_plan_new_ = true;
  if (!process_.is_running()) process_.adopt(HaproxyProcess::Search::kAllProcesses);
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
    trouble_ = done.has_value() ? unkept_ : done.error().message;
    // Whoever waits for a drain must not wait for a HAProxy that cannot be started.
    if (!done.has_value() && !process_.is_running()) {
      report_targets(observe_without_proxy(wanted_, observations_));
      if (is_left_) return;
    }
    report_problems();
    if (is_left_) return;
    report_serving();
    if (is_left_) return;
    if (!done.has_value()) {
      delay_ = retry;
      retry = std::min(retry * 2, kLongestRetry);
    } else {
      retry = kFirstRetry;
    }
    // What is blocked is looked at again when it is due.
    const auto due = std::chrono::ceil<milliseconds>(look_again_ - Clock::now());
    pause(blocked_.empty() ? delay_ : std::clamp(due, milliseconds(0), delay_), yield);
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
  unanswered_ = 0;
  unkept_.clear();
  running_hash_.clear();
  bound_.clear();
  status_ = {};
  report_targets(observe_without_proxy(wanted_, {}));
}

Result<void> ProxyWork::serve(const Yield& yield) {
  hear_requests();
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

Result<ProxyStatus> ProxyWork::ask_status(const std::string& command, const Yield& yield) {
  const Clock::time_point asked_at = Clock::now();
  const Result<std::string> text = ask(command, yield);
  note_answer(text.has_value(), asked_at);
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

// The groups that are not as the plan has them, or where something will change by itself soon.
std::vector<std::string> ProxyWork::moving_groups() const {
  std::vector<std::string> moving;
  for (const PlannedGroup& group : plan_.groups) {
    const auto seen = observations_.find(group.name);
    const bool moves = (seen != observations_.end() && is_in_motion(seen->second)) ||
                       !group_changes(status_, group).empty();
    if (moves) moving.push_back(group.name);
  }
  return moving;
}

// A look at everything takes a while where there are thousands of targets: between two of them only
// what moves is looked at.
Result<void> ProxyWork::look(const Yield& yield) {
  if (Clock::now() >= look_at_all_) return look_at_all(yield);
  const std::vector<std::string> moving = moving_groups();
  if (moving.size() > kMaxMoving) return look_at_all(yield);
  return moving.empty() ? Result<void>() : look_at(moving, yield);
}

Result<void> ProxyWork::look_at_all(const Yield& yield) {
  const Clock::time_point began = Clock::now();
  IK_LET(status, ask_status(std::string(kAskStatus), yield));
  const auto taken = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
  look_at_all_ = Clock::now() + std::clamp(taken * kShareOfTime, kAtRest, kLongestRest);
  ask_old_workers(status, yield);
  status_ = std::move(status);
  return {};
}

Result<void> ProxyWork::look_at(const std::vector<std::string>& groups, const Yield& yield) {
  std::string command;
  for (const std::string& group : groups) {
    command += fmt::format(
        "show stat {} 6 -1;show stat {} 6 -1;", group_section(group), open_section(group));
  }
  command.pop_back();
  IK_LET(part, ask_status(command, yield));
  ask_old_workers(part, yield);
  status_.lingering = std::move(part.lingering);
  replace_sections(status_, std::move(part));
  return {};
}

// Brings the servers to what the plan has, and tells how they do.
Result<void> ProxyWork::steer(const Yield& yield) {
  IK_TRY(look(yield));
  if (is_left_ || is_plan_new_) return {};
  const std::vector<std::string> commands = proxy_changes(status_, plan_);
  const bool is_repeated = commands == last_commands_;
  last_commands_ = commands;
  for (const std::string& command : commands) {
    IK_LET(answer, ask(command, yield));
    if (is_left_) return {};
    if (is_refusal(answer)) spdlog::debug("HAProxy: \"{}\": {}", command, answer);
  }
  // HAProxy serves on without it.
  Result<void> kept;
  if (servers_to_keep(status_, plan_) != written_servers_) {
    kept = write_config(files_.config, plan_);
  }
  unkept_ = kept.has_value() ? "" : kept.error().message;
  sums_.add(group_counts(status_, plan_));
  IK_TRY(count_untold(yield));
  if (is_left_ || is_plan_new_) return {};
  TargetObservations seen = observe_targets(status_, plan_, observations_);
  const bool moves = std::any_of(
      seen.begin(), seen.end(), [](const auto& group) { return is_in_motion(group.second); });
  if (moves) delay_ = kInMotion;
  if (!commands.empty()) delay_ = is_repeated ? kInMotion : kAfterCommands;
  report_targets(std::move(seen));
  return {};
}

Result<void> ProxyWork::count_untold(const Yield& yield) {
  if (Clock::now() < count_untold_at_) return {};
  count_untold_at_ = Clock::now() + kCountUntold;
  IK_LET(info, ask("show info", yield));
  if (is_left_) return {};
  const std::int64_t now = untold_requests(info);
  // Less than before is a new worker's count.
  const std::int64_t before = untold_.value_or(now) <= now ? untold_.value_or(now) : 0;
  untold_ = now;
  if (now > before) events_.on_untold(now - before);
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
  if (!trouble_.empty()) {
    problems[""] = trouble_;
    // What runs is still without those that were left out of it.
    problems.insert(reported_problems_.begin(), reported_problems_.end());
  }
  if (problems == reported_problems_) return;
  for (const auto& [listener, reason] : problems) {
    // Reasons may take turns: a line tells when the first came.
    if (reported_problems_.contains(listener)) continue;
    if (listener.empty()) {
      spdlog::warn("load balancers: {}, retrying", reason);
    } else {
      spdlog::warn("listener {}: {}, retrying", listener, reason);
    }
  }
  reported_problems_ = std::move(problems);
  events_.on_problems(reported_problems_);
}

// While HAProxy is on its way to a newer plan it serves the one before.
void ProxyWork::report_serving() {
  const bool is_running = process_.is_running();
  const bool is_current = plan_.listeners.empty() || running_hash_ == plan_hash_;
  std::optional<std::int64_t> revision = reported_serving_;
  const bool is_served = is_running != plan_.listeners.empty() && is_current && !is_silent();
  if (is_served) {
    revision = plan_revision_;
  } else if (is_silent() || (!is_running && !trouble_.empty())) {
    revision = 0;
  }
  if (revision == reported_serving_) return;
  reported_serving_ = revision;
  events_.on_serving(*revision);
}

}  // namespace ikada
