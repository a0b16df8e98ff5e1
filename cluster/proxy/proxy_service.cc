// Which listeners can be served, and HAProxy brought to serve them.
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <spdlog/spdlog.h>

#include "cluster/loadbalancing/proxy_changes.h"
#include "cluster/proxy/config_check.h"
#include "cluster/proxy/listen_probe.h"
#include "cluster/proxy/proxy_work.h"
#include "cluster/proxy/running_config.h"
#include "cluster/proxy/runtime_socket.h"
#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::chrono::seconds kLookAgain{2};
constexpr std::chrono::milliseconds kLookAgainSoon{250};
constexpr std::chrono::seconds kStartPatience{5};
constexpr std::chrono::seconds kSearchFor{10};
constexpr std::chrono::seconds kSearchAgain{1};
constexpr std::chrono::milliseconds kAskAgain{10};
constexpr std::chrono::milliseconds kAskMasterAgain{200};  // It refuses while it starts a worker.
constexpr std::chrono::seconds kOwnDelay{1};  // A timer that is later says that we stood still.
constexpr std::chrono::seconds kSilent{2};
constexpr std::chrono::seconds kHanging{9};
constexpr int kMaxUnanswered = 3;
constexpr size_t kMaxLog = size_t{1} << 20;
constexpr size_t kMaxRefused = 1000;

// If not, a question without an answer says that this process stood still.
bool was_on_time(std::chrono::steady_clock::time_point asked_at) {
  return std::chrono::steady_clock::now() - asked_at < kHaproxyPatience + kOwnDelay;
}

std::string bind_place(const PlannedListener& listener) {
  const bool is_any = listener.address.empty();
  return fmt::format("{}:{}", is_any ? "0.0.0.0" : listener.address, listener.port);
}

// HAProxy only checks the targets of others.
bool is_bound(const PlannedListener& listener) { return listener.protocol != "UDP"; }

// Whether one of the places has the port of the listener.
bool has_port(const std::set<std::string>& places, const PlannedListener& listener) {
  const std::string port = fmt::format(":{}", listener.port);
  return std::ranges::any_of(places, [&](const std::string& each) { return each.ends_with(port); });
}

std::set<std::string> bind_places(const BalancerPlan& plan) {
  std::set<std::string> places;
  for (const PlannedListener& listener : plan.listeners) {
    if (is_bound(listener)) places.insert(bind_place(listener));
  }
  return places;
}

}  // namespace

HaproxyPaths ProxyWork::paths() const {
  HaproxyPaths paths;
  paths.runtime_socket = files_.runtime_socket;
  paths.certificates_stamp = certificates_;
  paths.log_socket = files_.requests_socket;
  if (::geteuid() != 0) return paths;
  paths.jail = files_.jail;
  paths.log_socket.erase(0, files_.jail.size());
  // Who else's traffic it reads should not be root's business.
  if (::getpwnam("haproxy") != nullptr) paths.user = "haproxy";
  return paths;
}

std::string ProxyWork::certificates_stamp() const {
  std::string stamp;
  for (const PlannedListener& listener : wanted_.listeners) {
    for (const std::string& file : listener.certificate_files) {
      struct stat found {};
      if (::stat(file.c_str(), &found) != 0) continue;
      stamp += fmt::format(
          "{} {} {}.{}\n", file, found.st_ino, found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
    }
  }
  return stamp;
}

// One that the last ikadad was just starting when it was ended comes up late, or holds a port.
bool ProxyWork::is_search_due() {
  const Clock::time_point now = Clock::now();
  if (begun_at_ == Clock::time_point{}) begun_at_ = now;
  if (now < search_again_ || (now > begun_at_ + kSearchFor && blocked_.empty())) return false;
  search_again_ = now + kSearchAgain;
  return true;
}

void ProxyWork::take_over() {
  const bool searches = is_search_due();
  if (process_.is_running()) {
    if (searches) process_.end_others();
    return;
  }
  using Search = HaproxyProcess::Search;
  if (!process_.adopt(searches ? Search::kAllProcesses : Search::kPidFile)) return;
  spdlog::info("HAProxy runs already pid={}", process_.pid());
  running_hash_.clear();
  may_have_old_workers_ = true;
  const Result<std::string> config = read_file(files_.config);
  if (!config.has_value()) return;
  bound_ = bind_places_in(*config);
  file_hash_ = config_hash_in(*config);
}

Result<void> ProxyWork::learn_running_hash(const Yield& yield) {
  const Clock::time_point asked_at = Clock::now();
  Result<std::string> hash = running_config_hash(loop_, files_.runtime_socket, yield);
  note_answer(hash.has_value(), asked_at);
  if (!hash.has_value()) return hash.error();
  running_hash_ = std::move(*hash);
  // Somebody was ended between writing the file and having it read.
  if (!file_hash_.empty() && running_hash_ != file_hash_) is_bound_sure_ = false;
  file_hash_.clear();
  return {};
}

void ProxyWork::note_answer(bool is_answered, Clock::time_point asked_at) {
  if (is_answered) {
    unanswered_ = 0;
  } else if (was_on_time(asked_at)) {
    if (unanswered_++ == 0) silent_since_ = asked_at;
  }
}

bool ProxyWork::is_silent() const {
  return unanswered_ > 0 && Clock::now() - silent_since_ >= kSilent;
}

// A HAProxy whose sockets are gone, or that hangs, can only be replaced.
void ProxyWork::restart_if_silent() {
  if (unanswered_ < kMaxUnanswered || Clock::now() - silent_since_ < kHanging) return;
  if (!process_.is_running()) return;
  spdlog::error("HAProxy does not answer, starting it again pid={}", process_.pid());
  unanswered_ = 0;
  process_.end();
  running_hash_.clear();
}

// HAProxy writes a line for each change of a server, for as long as it runs.
void ProxyWork::shorten_log() {
  if (log_size(files_.log) <= kMaxLog) return;
  if (::truncate(files_.log.c_str(), 0) != 0) spdlog::debug("{}", errno_text(errno));
}

// Without it the balancers serve all the same.
void ProxyWork::hear_requests() {
  if (requests_ != nullptr || is_deaf_) return;
  Result<std::unique_ptr<RequestSocket>> opened = open_requests_socket();
  is_deaf_ = !opened.has_value();
  if (is_deaf_) {
    spdlog::warn("load balancers: no metrics, no access logs: {}", opened.error().message);
    return;
  }
  requests_ = std::move(*opened);
}

Result<std::unique_ptr<RequestSocket>> ProxyWork::open_requests_socket() {
  // The workers, who are somebody else, have to reach the socket in it.
  constexpr mode_t kPassable = 0711;
  IK_TRY(make_directories(files_.jail, kPassable));
  if (::chmod(files_.jail.c_str(), kPassable) != 0) return errno_error("chmod {}", files_.jail);
  return RequestSocket::open(
      loop_, files_.requests_socket, [this](const std::vector<RequestRecord>& requests) {
        if (!is_left_) events_.on_requests(requests);
      });
}

void ProxyWork::block(const std::string& listener, const std::string& reason) {
  blocked_[listener] = reason;
  // The port may be that of a HAProxy that is just ending.
  look_again_ = Clock::now() + kLookAgainSoon;
}

std::string ProxyWork::listener_hash(const PlannedListener& listener) const {
  BalancerPlan alone;
  alone.listeners = {listener};
  return haproxy_config(alone, paths(), {}).hash;
}

void ProxyWork::choose_listeners() {
  const bool is_due = Clock::now() >= look_again_;
  if (!is_plan_new_ && !is_due) return;
  std::string certificates = certificates_stamp();
  const bool is_changed = certificates != certificates_;
  look_again_ = Clock::now() + kLookAgain;
  shorten_log();
  if (!is_plan_new_ && !is_changed && blocked_.empty()) return;
  certificates_ = std::move(certificates);
  is_plan_new_ = false;
  blocked_.clear();
  plan_ = wanted_;
  plan_revision_ = wanted_revision_;
  plan_.listeners.clear();
  std::set<std::string> places;
  for (const PlannedListener& listener : wanted_.listeners) {
    if (!is_bound(listener)) {
      plan_.listeners.push_back(listener);
      continue;
    }
    const std::string place = bind_place(listener);
    if (!places.insert(place).second) {
      block(listener.name, fmt::format("{} is another listener's", place));
      continue;
    }
    // Nothing that HAProxy was asked about has changed.
    const auto refused = refused_.empty() ? refused_.end() : refused_.find(listener_hash(listener));
    if (refused != refused_.end()) {
      block(listener.name, refused->second);
      continue;
    }
    if (!bound_.contains(place)) {
      const Result<void> probed =
          probe_listening(listener.address,
                          listener.port,
                          has_port(bound_, listener) ? ProbeAs::kHaproxy : ProbeAs::kStranger);
      if (!probed.has_value()) {
        block(listener.name, probed.error().message);
        continue;
      }
    }
    plan_.listeners.push_back(listener);
  }
  plan_hash_ = haproxy_config(plan_, paths(), {}).hash;
}

Result<void> ProxyWork::write_config(const std::string& path, const BalancerPlan& plan) {
  ConfiguredServers servers = servers_to_keep(status_, plan);
  const HaproxyConfig config = haproxy_config(plan, paths(), servers);
  IK_TRY(write_file_atomically(path, config.text, 0600, Durability::kVolatile));
  if (path == files_.config) written_servers_ = std::move(servers);
  return {};
}

// Writes the new file, without what HAProxy would not take.
Result<void> ProxyWork::check_new_config(const Yield& yield) {
  const ConfigCheck check = {
      .program = options_.program, .config = files_.new_config, .log = files_.new_config + ".log"};
  IK_TRY(write_config(check.config, plan_));
  Result<void> checked = check_config(loop_, check, yield);
  if (!checked.has_value() && checked.error().kind == ErrorKind::kNotFound) {
    return make_error(ErrorKind::kNotFound, "no {}: install the package haproxy", options_.program);
  }
  if (!checked.has_value() && checked.error().kind != ErrorKind::kInvalid) return checked;
  if (!checked.has_value()) {
    IK_TRY(block_refused_listeners(checked.error(), yield));
    IK_TRY(write_config(check.config, plan_));
  }
  return write_config(files_.config, plan_);
}

Result<void> ProxyWork::block_refused_listeners(const Error& refusal, const Yield& yield) {
  const ConfigCheck check = {
      .program = options_.program, .config = files_.new_config, .log = files_.new_config + ".log"};
  std::vector<PlannedListener> good;
  for (const PlannedListener& listener : plan_.listeners) {
    BalancerPlan alone = plan_;
    alone.listeners = {listener};
    IK_TRY(write_config(check.config, alone));
    const Result<void> checked = check_config(loop_, check, yield);
    if (checked.has_value()) {
      good.push_back(listener);
    } else {
      if (refused_.size() >= kMaxRefused) refused_.clear();
      refused_[listener_hash(listener)] = checked.error().message;
      block(listener.name, checked.error().message);
    }
  }
  if (good.size() == plan_.listeners.size()) return refusal;
  if (good.empty()) return make_error(ErrorKind::kInvalid, "no listener can be served");
  plan_.listeners = std::move(good);
  plan_hash_ = haproxy_config(plan_, paths(), {}).hash;
  return {};
}

// Where there is no room for a file, the one that was found good will do if it is of the same plan.
bool ProxyWork::is_config_there() const {
  const Result<std::string> config = read_file(files_.config);
  return config.has_value() && config_hash_in(*config) == plan_hash_;
}

Result<void> ProxyWork::start(const Yield& yield) {
  if (::chmod(options_.directory.c_str(), 0700) != 0) {
    return errno_error("chmod {}", options_.directory);
  }
  Result<void> made = check_new_config(yield);
  if (is_left_) return {};
  const bool is_refused = !made.has_value() && (made.error().kind == ErrorKind::kInvalid ||
                                                made.error().kind == ErrorKind::kNotFound);
  if (!made.has_value() && (is_refused || !is_config_there())) return made;
  IK_TRY(process_.start());
  const Result<void> started = await_hash(plan_hash_, yield);
  if (is_left_) return {};
  if (!started.has_value()) {
    process_.end();
    // Perhaps a port is no longer ours: look at all of them.
    bound_.clear();
    is_plan_new_ = true;
    return make_error(
        ErrorKind::kUnavailable, "HAProxy does not start: {}", first_alert(files_.log));
  }
  bound_ = bind_places(plan_);
  is_bound_sure_ = true;
  spdlog::info("HAProxy started pid={}", process_.pid());
  return {};
}

// Workers that there are serve on, but no new one is started. It has as long as a worker has.
bool ProxyWork::does_master_hang(const Yield& yield) {
  const Clock::time_point until = Clock::now() + kHanging;
  while (Clock::now() < until) {
    const Clock::time_point asked_at = Clock::now();
    const auto answer = ask_haproxy(loop_, files_.master_socket, "show proc", yield);
    if (is_left_ || answer.has_value() || !was_on_time(asked_at)) return false;
    wait_shortly(kAskMasterAgain, yield);
  }
  return true;
}

Result<void> ProxyWork::reload(const Yield& yield) {
  // What it knows of its servers goes into the file.
  IK_TRY(look_at_all(yield));
  IK_TRY(check_new_config(yield));
  if (is_left_) return {};
  const size_t logged = log_size(files_.log);
  IK_TRY(process_.reload());
  may_have_old_workers_ = true;
  const Result<void> reloaded = await_hash(plan_hash_, yield);
  if (is_left_) return {};
  if (!reloaded.has_value()) {
    // The old worker serves on, and has the ports it had.
    running_hash_.clear();
    is_plan_new_ = true;
    if (!is_bound_sure_ || does_master_hang(yield)) process_.end();
    if (is_left_) return {};
    return make_error(ErrorKind::kUnavailable,
                      "HAProxy does not take its new file: {}",
                      first_alert(files_.log, logged));
  }
  is_bound_sure_ = true;
  bound_ = bind_places(plan_);
  spdlog::info(
      "HAProxy reloaded listeners={} groups={}", plan_.listeners.size(), plan_.groups.size());
  return {};
}

void ProxyWork::wait_shortly(std::chrono::milliseconds time, const Yield& yield) {
  boost::asio::steady_timer timer(loop_, time);
  boost::system::error_code ignored;
  timer.async_wait(yield[ignored]);
}

Result<void> ProxyWork::await_hash(const std::string& hash, const Yield& yield) {
  const Clock::time_point until = Clock::now() + kStartPatience;
  while (process_.is_running() && !is_left_ && Clock::now() < until) {
    const Result<std::string> running = running_config_hash(loop_, files_.runtime_socket, yield);
    if (running.has_value() && *running == hash) {
      running_hash_ = hash;
      look_at_all_ = {};
      return {};
    }
    wait_shortly(kAskAgain, yield);
  }
  return make_error(ErrorKind::kUnavailable, "HAProxy does not run its file");
}

}  // namespace ikada
