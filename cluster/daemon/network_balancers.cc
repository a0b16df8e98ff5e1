#include "cluster/daemon/network_balancers.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "net/balanced_flows.h"
#include "net/nft.h"
#include "net/reservations.h"

namespace ikada {
namespace {

constexpr std::chrono::seconds kWaitForChecks{3};
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

bool is_of(const BalancedFlow& flow, const BalancedTarget& target, bool is_udp) {
  const bool is_there = target.address == 0 || flow.address == target.address;
  return is_there && flow.port == target.port && flow.is_udp == is_udp;
}

}  // namespace

bool NetworkBalancers::is_waiting(const TargetObservations* seen) {
  if (!was_there_.has_value()) {
    was_there_ = has_nft_table(kBalancerTable, kBalancerLayoutChain).value_or(false);
  }
  return *was_there_ && seen == nullptr && Clock::now() < begun_at_ + kWaitForChecks;
}

void NetworkBalancers::update(const BalancerPlan& plan,
                              const TargetObservations* seen,
                              NetworkSight sight) {
  if (is_waiting(seen)) return;
  const TargetObservations nothing;
  const TargetObservations& known = seen == nullptr ? nothing : *seen;
  const std::vector<NetworkListener> listeners = find_network_targets(plan, known);
  if (listeners.empty() && applied_.empty() && !*was_there_) return;
  sight.published = published_ports(net_state_);
  const Result<void> done =
      apply(plan_balanced_table(plan_network_table(listeners, sight)), listeners.empty());
  note_trouble(done);
  if (!done.has_value()) return;
  if (plan_ == plan && seen_ == known) return;
  // A container that has gone has no published port any more: it was where it was seen last.
  end_flows(find_ended_targets(plan_, plan, known));
  sight_ = std::move(sight);
  plan_ = plan;
  seen_ = known;
  draining_ = find_draining_targets(plan);
  counts_.assign(draining_.size(), 1);
  count_again_ = {};
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
  applied_ = text;
  return {};
}

void NetworkBalancers::remove() {
  const Result<void> done = run_nft(plan_remove_balanced_table());
  note_trouble(done);
  applied_.clear();
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

void NetworkBalancers::end_flows(const std::vector<EndedTarget>& ended) {
  if (ended.empty()) return;
  const Result<std::vector<BalancedFlow>> flows = list_balanced_flows();
  if (!flows.has_value()) return;
  for (const BalancedFlow& flow : *flows) {
    const bool has_to_end = std::ranges::any_of(ended, [&](const EndedTarget& each) {
      return is_of(flow, resolve_target(each.target, each.is_udp, sight_), each.is_udp);
    });
    if (!has_to_end) continue;
    const Result<void> forgotten = forget_balanced_flow(flow);
    if (!forgotten.has_value()) spdlog::warn("{}, ignoring", forgotten.error().message);
  }
}

void NetworkBalancers::count_sessions(TargetObservations& seen) {
  if (draining_.empty()) return;
  if (Clock::now() >= count_again_) {
    const Clock::time_point began = Clock::now();
    const Result<std::vector<BalancedFlow>> flows = list_balanced_flows();
    count_again_ = Clock::now() + (Clock::now() - began) * kShareOfTime;
    if (flows.has_value()) {
      counts_.assign(draining_.size(), 0);
      for (size_t i = 0; i < draining_.size(); ++i) {
        for (const bool is_udp : {false, true}) {
          const BalancedTarget target = resolve_target(draining_[i].target, is_udp, sight_);
          counts_[i] += std::ranges::count_if(*flows, [&](const BalancedFlow& flow) {
            return !flow.is_over && is_of(flow, target, is_udp);
          });
        }
      }
    }
  }
  for (size_t i = 0; i < draining_.size(); ++i) {
    const auto group = seen.find(draining_[i].group);
    if (group == seen.end()) continue;
    const auto target = group->second.find(draining_[i].target.id);
    if (target != group->second.end()) target->second.sessions += counts_[i];
  }
}

}  // namespace ikada
