#include "cluster/daemon/network_balancers.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/proxy/listen_probe.h"
#include "net/held_address.h"
#include "net/nft.h"
#include "net/reservations.h"
#include "net/udp_listeners.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::chrono::seconds kWaitForChecks{3};
constexpr std::chrono::seconds kWaitForProxy{10};
constexpr int kShareOfTime = 10;  // Of the time at most one in this many goes into counting.

std::vector<PortElement> published_ports(const std::string& net_state) {
  std::vector<PortElement> ports;
  const Result<std::vector<KnownNetwork>> networks = find_known_networks(net_state);
  if (!networks.has_value()) return ports;
  for (const KnownNetwork& network : *networks) {
    const Result<Reservations> reservations =
        Reservations::open(network.directory, network.bridge.subnet);
    if (!reservations.has_value()) continue;
    const Result<std::vector<PortReservation>> all = reservations->ports();
    if (!all.has_value()) continue;
    for (const PortReservation& each : *all) ports.push_back(each.port);
  }
  return ports;
}

void forget_flows(Result<std::vector<BalancedFlow>> flows,
                  const std::function<bool(const BalancedFlow&)>& has_to_go) {
  if (!flows.has_value()) return spdlog::warn("{}, ignoring", flows.error().message);
  std::erase_if(*flows, std::not_fn(has_to_go));
  const Result<void> forgotten = forget_balanced_flows(*flows);
  if (!forgotten.has_value()) spdlog::warn("{}, ignoring", forgotten.error().message);
}

std::set<std::uint32_t> own_addresses() {
  std::set<std::uint32_t> own;
  const Result<std::vector<HeldAddress>> all = list_addresses_held();
  if (!all.has_value()) {
    spdlog::warn("{}, ignoring", all.error().message);
    return own;
  }
  for (const HeldAddress& each : *all) own.insert(each.address);
  return own;
}

void carry_out(const FlowLook& look) {
  if (look.ends) {
    forget_flows(list_balanced_flows(),
                 [&](const BalancedFlow& flow) { return has_to_end(flow, look.rules); });
  }
  if (look.opened.empty()) return;
  const std::set<std::uint32_t> own = own_addresses();
  forget_flows(list_unbalanced_flows(),
               [&](const BalancedFlow& flow) { return is_missed(flow, look.opened, own); });
}

template <typename Answer>
bool is_under_way(const std::future<Answer>& work) {
  return work.valid() && work.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
}

// To whom connections go, that is.
bool is_alike(const NetworkSight& one, const NetworkSight& other) {
  return one.published == other.published && one.address == other.address &&
         one.pool.has_value() == other.pool.has_value();
}

// The name of a NetworkListener as the plan has it, without the protocol.
std::string planned_name(std::string_view name) { return std::string(cut(name, '/').before); }

bool is_of(const BalancedFlow& flow, const BalancedTarget& target, bool is_udp) {
  const bool is_there = target.address == 0 || flow.address == target.address;
  return is_there && flow.port == target.port && flow.is_udp == is_udp;
}

}  // namespace

// The proxy holds ports of TCP, and tells which of them others have.
bool NetworkBalancers::is_waiting(const TargetObservations* seen, const PortSight& ports) {
  if (!was_there_.has_value()) {
    was_there_ = has_nft_table(kBalancerTable, kBalancerLayoutChain).value_or(false);
  }
  if (!*was_there_) return false;
  const auto age = Clock::now() - begun_at_;
  return (seen == nullptr && age < kWaitForChecks) ||
         (!ports.has_proxy_told && age < kWaitForProxy);
}

void NetworkBalancers::update(const BalancerPlan& plan,
                              const TargetObservations* seen,
                              NetworkSight sight,
                              const PortSight& ports) {
  if (is_waiting(seen, ports)) return;
  const TargetObservations nothing;
  const TargetObservations& known = seen == nullptr ? nothing : *seen;
  const std::vector<NetworkListener> listeners =
      choose(find_network_targets(plan, known), plan, sight, ports);
  const bool is_done = applied_.empty() && wanted_.is_nothing() && !*was_there_;
  if (listeners.empty() && is_done) return;
  sight.published = published_ports(net_state_);
  const BalancedTable table = plan_network_table(listeners, sight, owned_addresses(plan));
  const Result<void> done = apply(plan_balanced_table(table), listeners.empty());
  note_trouble(done);
  if (!done.has_value()) return;
  const bool is_new = plan_ != plan || seen_ != known || listeners_ != listeners;
  const bool has_looked = rules_.has_value() && wanted_.is_nothing() && again_.is_nothing();
  if (!is_new && has_looked && is_alike(sight_, sight) && !was_made_anew_) return;
  // A container that has gone has no published port any more: it was where it was seen last.
  end_flows(make_flow_rules(listeners, find_ended_targets(plan_, plan, known), sight_, sight));
  if (!is_new) return;
  sight_ = std::move(sight);
  plan_ = plan;
  seen_ = known;
  listeners_ = listeners;
  draining_ = find_draining_targets(plan);
  counts_.assign(draining_.size(), 1);
  count_again_ = {};
  is_count_old_ = counting_.valid();
}

std::vector<NetworkListener> NetworkBalancers::choose(const std::vector<NetworkListener>& listeners,
                                                      const BalancerPlan& plan,
                                                      const NetworkSight& sight,
                                                      const PortSight& ports) {
  std::optional<std::vector<UdpListener>> programs;
  const auto find_udp_use = [&](const NetworkListener& listener) {
    if (!programs.has_value()) programs = list_programs();
    const bool is_others = has_program(*programs, listener) &&
                           !has_own_target(plan, sight, listener.port) &&
                           !ports.is_clusters(listener.port);
    return is_others ? PortUse::kTaken : PortUse::kFree;
  };
  const auto find_use = [&](const NetworkListener& listener) {
    if (listener.is_udp) return find_udp_use(listener);
    if (ports.problems.contains(planned_name(listener.name))) return PortUse::kTaken;
    if (ports.is_proxy_current) return PortUse::kFree;
    const bool is_free = probe_listening(listener.address, listener.port).has_value();
    return is_free ? PortUse::kFree : PortUse::kUnknown;
  };
  std::vector<NetworkListener> chosen = claims_.choose(listeners, find_use, Clock::now());
  note_problems(ports);
  return chosen;
}

std::vector<UdpListener> NetworkBalancers::list_programs() {
  const Result<std::vector<UdpListener>> listed = list_udp_listeners();
  std::string trouble = listed.has_value() ? "" : listed.error().message;
  if (!trouble.empty() && trouble != listing_trouble_) spdlog::warn("{}, ignoring", trouble);
  listing_trouble_ = std::move(trouble);
  return listed.value_or(std::vector<UdpListener>());
}

// But for those that the proxy tells itself.
void NetworkBalancers::note_problems(const PortSight& ports) {
  std::map<std::string, std::string> problems;
  for (const auto& [name, reason] : claims_.problems()) {
    const std::string planned = planned_name(name);
    if (ports.problems.contains(planned)) continue;
    if (!problems_.contains(planned)) spdlog::warn("listener {}: {}, retrying", name, reason);
    problems.emplace(planned, reason);
  }
  problems_ = std::move(problems);
}

Result<void> NetworkBalancers::apply(const std::string& text, bool is_empty) {
  if (is_empty) {
    IK_TRY(run_nft(plan_remove_balanced_table()));
    applied_.clear();
    was_there_ = false;
    return {};
  }
  // Somebody may have flushed it.
  IK_LET(is_there, has_nft_table(kBalancerTable, kBalancerLayoutChain));
  if (is_there && text == applied_) return {};
  IK_TRY(run_nft(text));
  if (!is_there) was_made_anew_ = true;
  applied_ = text;
  return {};
}

void NetworkBalancers::remove() {
  const Result<void> done = run_nft(plan_remove_balanced_table());
  note_trouble(done);
  if (done.has_value()) {
    was_there_ = false;
    if (looking_.valid()) looking_.wait();
    end_flows({});
  }
  rules_.reset();
  applied_.clear();
  listeners_.clear();
  plan_ = {};
  draining_.clear();
  counts_.clear();
}

// What is told once and tried again.
void NetworkBalancers::note_trouble(const Result<void>& done) {
  std::string trouble = done.has_value() ? "" : done.error().message;
  if (trouble == trouble_) return;
  if (!trouble.empty()) spdlog::error("network load balancers: {}, retrying", trouble);
  trouble_ = std::move(trouble);
}

// Each look is taken twice, the second time with a later update: a packet that was under way while
// the table changed may be tracked by the old one after the first.
void NetworkBalancers::end_flows(const FlowRules& rules) {
  const bool is_first = !rules_.has_value();
  const bool was_away = std::exchange(was_made_anew_, false) || is_first;
  wanted_.ends = wanted_.ends || is_first || may_end_flows(*rules_, rules);
  for (FlowListener& each : find_opened(was_away ? FlowRules() : *rules_, rules)) {
    wanted_.opened.push_back(std::move(each));
  }
  wanted_.rules.listeners = rules.listeners;
  wanted_.rules.ended.insert(rules.ended.begin(), rules.ended.end());
  rules_ = rules;
  if (is_under_way(looking_)) return;
  FlowLook look = wanted_;
  look.ends = look.ends || again_.ends;
  look.opened.insert(look.opened.end(), again_.opened.begin(), again_.opened.end());
  again_ = std::exchange(wanted_, {});
  if (look.is_nothing()) return;
  looking_ = std::async(std::launch::async, [look = std::move(look)] { carry_out(look); });
}

void NetworkBalancers::count() {
  if (is_under_way(counting_)) return;
  if (counting_.valid()) {
    const FlowCount count = counting_.get();
    count_again_ = Clock::now() + count.took * kShareOfTime;
    if (!std::exchange(is_count_old_, false) && count.flows.has_value()) take_count(*count.flows);
  }
  if (Clock::now() < count_again_) return;
  counting_ = std::async(std::launch::async, [] {
    const Clock::time_point began = Clock::now();
    Result<std::vector<BalancedFlow>> flows = list_balanced_flows();
    return FlowCount{.flows = std::move(flows), .took = Clock::now() - began};
  });
}

void NetworkBalancers::take_count(const std::vector<BalancedFlow>& flows) {
  counts_.assign(draining_.size(), 0);
  for (size_t i = 0; i < draining_.size(); ++i) {
    for (const bool is_udp : {false, true}) {
      const BalancedTarget target = resolve_target(draining_[i].target, is_udp, sight_);
      counts_[i] += std::ranges::count_if(flows, [&](const BalancedFlow& flow) {
        return !flow.is_over && is_of(flow, target, is_udp);
      });
    }
  }
}

void NetworkBalancers::count_sessions(TargetObservations& seen) {
  if (draining_.empty()) return;
  count();
  for (size_t i = 0; i < draining_.size(); ++i) {
    const auto group = seen.find(draining_[i].group);
    if (group == seen.end()) continue;
    const auto target = group->second.find(draining_[i].target.id);
    if (target != group->second.end()) target->second.sessions += counts_[i];
  }
}

}  // namespace ikada
