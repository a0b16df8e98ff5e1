#include "cluster/daemon/host_balancers.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/daemon/host_address.h"
#include "cluster/loadbalancing/balancer_serving.h"
#include "cluster/loadbalancing/make_balancer_plan.h"
#include "cluster/state/record_key.h"
#include "net/ipv4.h"

namespace ikada {
namespace {

// Many changes come together: a service that grows by fifteen.
constexpr std::chrono::milliseconds kTogether{10};
constexpr std::chrono::milliseconds kLook{1000};
constexpr std::chrono::milliseconds kCountAgain{250};
constexpr std::chrono::seconds kWaitForState{10};
constexpr size_t kMostMoves = 50;  // In one transaction.

bool concerns_balancers(std::string_view key) {
  const std::optional<RecordKey> parsed = parse_record_key(key);
  if (!parsed.has_value()) return key.empty();
  switch (parsed->kind) {
    case RecordKind::kBalancer:
    case RecordKind::kListener:
    case RecordKind::kTargetGroup:
    case RecordKind::kTask:
    case RecordKind::kService:
    case RecordKind::kInstance:
    case RecordKind::kNode:
    case RecordKind::kCertificate:
      return true;
    default:
      return false;
  }
}

void log_problems(const ListenerProblems& problems) {
  for (const auto& [listener, problem] : problems) {
    spdlog::error("load balancers: {}{}{}", listener, listener.empty() ? "" : ": ", problem);
  }
}

}  // namespace

HostBalancers::HostBalancers(boost::asio::io_context& loop, ProxyOptions options, Ground ground)
    : ground_(std::move(ground)),
      timer_(loop),
      soon_(loop),
      count_timer_(loop),
      certificates_(ground_.layout.run_root + "/certificates"),
      network_(ground_.layout.network_state()),
      addresses_(std::make_unique<BalancerAddresses>(
          loop, ground_.api.options().balancer_interface, [this] { note_hung(); })),
      records_(loop, ground_.layout),
      proxy_(std::make_unique<Proxy>(loop, std::move(options), proxy_events())) {
  ground_.api.set_metrics(&records_.book());
}

HostBalancers::~HostBalancers() {
  stop();
  ground_.api.set_metrics(nullptr);
}

ProxyEvents HostBalancers::proxy_events() {
  ProxyEvents events;
  events.on_targets = [this](const auto& observations) { note_observations(observations); };
  events.on_problems = [this](const auto& problems) { note_problems(problems); };
  events.on_serving = [this](std::int64_t revision) {
    proxy_revision_ = revision;
    update_network();
    note_serving();
  };
  events.on_requests = [this](const std::vector<RequestRecord>& requests) {
    records_.take(requests, ground_.api.ground().now());
  };
  events.on_untold = [this](std::int64_t count) { records_.note_untold(count); };
  return events;
}

void HostBalancers::start() { look(); }

const ScopeState& HostBalancers::home() const {
  const ApiOptions& options = ground_.api.options();
  return ground_.feed.state().scope({.account = options.account, .region = options.home_region});
}

// As the streams of the access logs are called.
std::string HostBalancers::host_name() const {
  const auto& nodes = home().nodes;
  const auto node = nodes.find(ground_.node());
  return node == nodes.end() ? find_host_name() : node->second.value.name;
}

void HostBalancers::stop() {
  *is_here_ = false;
  timer_.cancel();
  soon_.cancel();
  count_timer_.cancel();
  addresses_.reset();
  proxy_.reset();
}

void HostBalancers::end_service() {
  if (!*is_here_) return;
  // The proxy's last word, and the looks until the daemon starts anew, must not bring the table
  // back.
  is_service_over_ = true;
  proxy_->stop();
  certificates_.remove();
  network_.remove();
  addresses_->hold({}, 0);
}

void HostBalancers::allow_addresses(bool is_allowed) {
  if (may_hold_ == is_allowed) return;
  if (may_hold_.has_value() || !is_allowed) {
    spdlog::info("addresses of load balancers: this host may {} them",
                 is_allowed ? "have" : "not have");
  }
  may_hold_ = is_allowed;
  if (!is_allowed) needs_word_ = true;
  hold_addresses();
}

std::set<std::uint32_t> HostBalancers::addresses_of(const std::string& node) const {
  std::set<std::uint32_t> addresses;
  for (const auto& [text, scope] : ground_.feed.state().scopes()) {
    for (const auto& [name, balancer] : scope.balancers) {
      const Result<std::uint32_t> address = parse_ipv4(balancer.value.address);
      if (address.has_value() && balancer.value.holder == node) addresses.insert(*address);
    }
  }
  return addresses;
}

void HostBalancers::note_leaders_addresses(const Json& answer) {
  const auto told = answer.find("addresses");
  if (!needs_word_ || !may_hold_.value_or(true) || told == answer.end()) return;
  if (*told != Json(addresses_of(ground_.node()))) return;
  needs_word_ = false;
  hold_addresses();
}

// What this host knows may be long past: another host has them then.
void HostBalancers::note_hung() {
  needs_word_ = true;
  is_told_ = false;
}

// Before the state is known those that are there stay, but not for long.
void HostBalancers::hold_addresses() {
  if (!*is_here_ || is_service_over_) return;
  addresses_->look();
  const bool is_known = ground_.feed.is_ready();
  if (!is_known && Clock::now() < begun_at_ + kWaitForState) return;
  std::set<std::uint32_t> wanted;
  std::uint32_t own = 0;
  if (is_known) {
    const auto& nodes = home().nodes;
    const auto node = nodes.find(ground_.node());
    if (node != nodes.end()) own = parse_ipv4(node->second.value.address).value_or(0);
  }
  // What the leader itself knows is true.
  if (may_hold_.value_or(true) && ground_.leads()) needs_word_ = false;
  if (is_known && may_hold_.value_or(true) && !needs_word_) wanted = addresses_of(ground_.node());
  addresses_->hold(wanted, own);
}

void HostBalancers::give_addresses(const std::vector<Carrier>& carriers) {
  if (is_giving_ || !*is_here_ || !ground_.feed.is_ready()) return;
  const State& state = ground_.feed.state();
  Proposal proposal;
  for (const HolderChange& change : plan_holders(state, carriers)) {
    if (proposal.changes.size() == kMostMoves) break;
    const Kept<LoadBalancer>& kept = state.scope(change.scope).balancers.at(change.balancer);
    LoadBalancer balancer = kept.value;
    balancer.holder = change.holder;
    spdlog::info("address moves address={} node={}", balancer.address, balancer.holder);
    proposal.put(balancer_key(change.scope, change.balancer), balancer, kept.revision);
  }
  if (proposal.changes.empty()) return;
  is_giving_ = true;
  ground_.api.propose(proposal, [this, is_here = is_here_](bool) {
    if (*is_here) is_giving_ = false;
  });
}

void HostBalancers::note_change(std::string_view key) {
  if (concerns_balancers(key)) plan_soon();
}

void HostBalancers::plan_soon() {
  if (!*is_here_ || std::exchange(is_planning_soon_, true)) return;
  soon_.expires_after(kTogether);
  soon_.async_wait([this, is_here = is_here_](const boost::system::error_code& error) {
    if (error || !*is_here) return;
    is_planning_soon_ = false;
    make_plan();
  });
}

// Time alone ends a drain, loses a report, makes one due, and may bring certificates.
void HostBalancers::look() {
  if (!*is_here_) return;
  make_plan();
  records_.look({.targets = own_, .connections = proxy_->connections(), .host = host_name()},
                ground_.api.ground().now());
  if (needs_word_) is_told_ = false;
  tell();
  see();
  timer_.expires_after(kLook);
  timer_.async_wait([this, is_here = is_here_](const boost::system::error_code& error) {
    if (!error && *is_here) look();
  });
}

void HostBalancers::make_plan() {
  if (!*is_here_ || is_service_over_) return;
  if (!ground_.feed.is_ready()) return hold_addresses();
  const ApiGround& api = ground_.api.ground();
  const State& state = ground_.feed.state();
  BalancerPlan plan = make_balancer_plan(
      state,
      {.now = api.now(), .certificate_files = certificates_.update(state, ground_.api.options())});
  hold_addresses();
  const bool is_new = !plan_.has_value() || *plan_ != plan;
  plan_ = plan;
  const std::int64_t revision = balancing_revision(state);
  const bool is_same = std::exchange(planned_revision_, revision) == revision && !is_new;
  update_network();
  if (is_new) records_.set_plan(plan);
  if (is_same) return;
  proxy_->apply(std::move(plan), revision);
}

void HostBalancers::note_problems(const ListenerProblems& problems) {
  log_problems(problems);
  problems_ = problems;
  update_network();
  note_serving();
}

std::optional<Serving> HostBalancers::find_serving() const {
  if (!proxy_revision_.has_value()) return std::nullopt;
  Serving serving{.revision = *proxy_revision_, .problems = problems_};
  // The kernel's table and addresses are changed before the proxy gets its plan.
  const std::string& network = network_.trouble();
  const std::string& addresses = addresses_->trouble();
  serving.problems.insert(network_.problems().begin(), network_.problems().end());
  if (!plan_.has_value() || (network.empty() && addresses.empty())) return serving;
  const std::set<std::uint32_t> own = addresses_of(ground_.node());
  for (const PlannedListener& each : plan_->listeners) {
    const bool is_network = is_network_protocol(each.protocol);
    if (!network.empty() && is_network) serving.problems[each.name] = network;
    const bool is_own = own.contains(parse_ipv4(each.address).value_or(0));
    if (!addresses.empty() && is_own) serving.problems[each.name] = addresses;
  }
  return serving;
}

void HostBalancers::note_serving() {
  if (!*is_here_) return;
  std::optional<Serving> now = find_serving();
  if (now == serving_) return;
  serving_ = std::move(now);
  is_told_ = false;
  tell();
  see();
}

void HostBalancers::note_observations(const TargetObservations& observations) {
  checked_ = observations;
  update_network();
  own_ = observations;
  network_.count_sessions(own_);
  is_told_ = false;
  tell();
  see();
  count_soon();
}

void HostBalancers::update_network() {
  if (is_service_over_ || !plan_.has_value() || !ground_.feed.is_ready()) return;
  const auto node = home().nodes.find(ground_.node());
  const std::string instance =
      node == home().nodes.end() ? "" : node->second.value.instance.value_or("");
  const NetworkBalancers::PortSight ports{
      .problems = problems_,
      .has_proxy_told = proxy_revision_.has_value(),
      .is_proxy_current = proxy_revision_.value_or(0) >= planned_revision_,
      .is_clusters = [&](std::uint16_t port) {
        return is_clusters_udp_port(ground_.feed.state(), instance, port);
      }};
  network_.update(*plan_,
                  checked_.has_value() ? &*checked_ : nullptr,
                  network_sight(home(), ground_.node()),
                  ports);
  note_serving();
}

// Nobody tells when the connections of a target that is drained have ended.
void HostBalancers::count_soon() {
  if (!network_.has_draining() || std::exchange(is_counting_soon_, true)) return;
  count_timer_.expires_after(kCountAgain);
  count_timer_.async_wait([this, is_here = is_here_](const boost::system::error_code& error) {
    if (error || !*is_here) return;
    is_counting_soon_ = false;
    if (checked_.has_value()) {
      TargetObservations now = *checked_;
      network_.count_sessions(now);
      if (now != own_) {
        own_ = std::move(now);
        is_told_ = false;
        tell();
        see();
      }
    }
    count_soon();
  });
}

void HostBalancers::set_link(Uplink* link) {
  link_ = link;
  is_told_ = false;
  is_telling_ = false;
  records_.tell_all_anew();
}

void HostBalancers::tell() {
  const bool is_due = !is_told_ || Clock::now() - told_at_ >= kReportAgain;
  if (link_ == nullptr || !link_->is_connected() || is_telling_ || !is_due) return;
  is_telling_ = true;
  is_told_ = true;
  told_at_ = Clock::now();
  Json body = to_json(own_);
  Json news = records_.take_news();
  body["metrics"] = news;
  body["serving"] = serving_to_json(serving_);
  link_->ask(
      "targets", body, [this, news, is_here = is_here_, link = link_](const Result<Json>& answer) {
        if (!*is_here) return;
        if (!answer.has_value()) records_.give_back(news);
        if (link != link_) return;
        is_telling_ = false;
        if (!answer.has_value()) is_told_ = false;
        if (answer.has_value()) note_leaders_addresses(*answer);
        // What has come meanwhile; a refusal waits for the next look.
        if (answer.has_value() && !is_told_) tell();
      });
}

Result<Json> HostBalancers::take_report(const std::string& node, const Json& body) {
  TargetReport report;
  IK_LET(observations, read_observations(body));
  report.observations = std::move(observations);
  IK_LET(serving, read_serving(body));
  report.serving = std::move(serving);
  reports_.put(node, std::move(report), Clock::now());
  const auto metrics = body.find("metrics");
  if (metrics != body.end()) IK_TRY(records_.put(node, *metrics));
  see();
  return Json{{"addresses", addresses_of(node)}};
}

void HostBalancers::see() {
  if (!ground_.leads()) {
    if (std::exchange(was_leading_, false)) {
      reports_.clear();
      records_.keep_others({});
      ground_.api.see_targets({});
    }
    known_.reset();
    return;
  }
  was_leading_ = true;
  if (!known_.has_value() && ground_.feed.is_ready()) known_ = ground_.feed.state().revision();
  TargetReports::Others others;
  for (const auto& [id, node] : home().nodes) {
    if (node.value.role != "manager" || id == ground_.node()) continue;
    if (!is_lost_ || !is_lost_(id)) others[id] = node.value.name;
  }
  records_.keep_others(others);
  TargetSights sights = reports_.sights(own_, others, Clock::now());
  sights.serving.known = known_.value_or(0);
  // Of this host nothing is taken for served that is not known to be.
  sights.serving.carriers.push_back({.host = host_name(), .told = serving_.value_or(Serving{})});
  if (ground_.api.see_targets(std::move(sights))) ground_.on_targets();
}

}  // namespace ikada
