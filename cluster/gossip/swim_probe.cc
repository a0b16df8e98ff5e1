// Probes: one member asks another whether it is there, itself and by way of others.
//
// A helper knows the sequence number that it passes on, so an ack that comes by way of it counts
// only with the target's own signature.
#include <algorithm>

#include "cluster/gossip/swim_state.h"

namespace ikada::gossip {
namespace {

constexpr size_t kMaxProbes = 8;
constexpr size_t kMaxErrands = 256;

}  // namespace

void Swim::begin_probe() {
  next_probe_ += stretched(config_.probe_interval);
  if (next_probe_ <= now_) next_probe_ = now_ + stretched(config_.probe_interval);
  for (size_t i = 0; i < table_.size(); ++i) {
    const Member& member = table_.all()[table_.next_in_round()];
    if (member.id == id_ || !member.lives()) continue;
    start_probe(member);
    return;
  }
}

void Swim::start_probe(const Member& target) {
  const bool is_probed = std::any_of(
      probes_.begin(), probes_.end(), [&](const Probe& each) { return each.target == target.id; });
  if (is_probed || probes_.size() >= kMaxProbes) return;
  Probe& probe = probes_.emplace_back();
  probe.target = target.id;
  probe.sequence = new_sequence();
  probe.helped_sequence = new_sequence();
  probe.verdict = now_ + stretched(config_.probe_verdict);
  send_probe(probe, target);
}

void Swim::send_probe(Probe& probe, const Member& target) {
  ++probe.sent;
  probe.next_resend = now_ + stretched(config_.probe_resend);
  if (target.status == Status::kAlive && probe.sent == 1) {
    send(target.statement->endpoint, new_packet(&target) + ping(target.id, probe.sequence));
  } else {
    question(target, probe.sequence);
  }
  if (probe.sent >= 3) ask_helpers(probe);
}

void Swim::ask_helpers(Probe& probe) {
  const std::string request = message(
      PingRequest{.sequence = probe.helped_sequence, .target = probe.target, .source = id_});
  std::vector<MemberId> asked;
  for (size_t tries = 0; tries < 3 * config_.helpers && asked.size() < config_.helpers; ++tries) {
    const Member* const helper = random_living(probe.target);
    if (helper == nullptr) return;
    if (std::find(asked.begin(), asked.end(), helper->id) != asked.end()) continue;
    asked.push_back(helper->id);
    send(helper->statement->endpoint, new_packet(helper) + request);
    if (std::find(probe.helpers.begin(), probe.helpers.end(), helper->id) == probe.helpers.end()) {
      probe.helpers.push_back(helper->id);
    }
  }
}

void Swim::run_probes() {
  // By place, because send_probe() draws random numbers and finish_probe() may change members.
  for (size_t i = 0; i < probes_.size();) {
    const Member* const target = table_.find(probes_[i].target);
    const bool is_over = probes_[i].is_answered || target == nullptr || !target->lives();
    if (is_over || now_ >= probes_[i].verdict) {
      const Probe probe = std::move(probes_[i]);
      probes_.erase(probes_.begin() + static_cast<std::ptrdiff_t>(i));
      if (!is_over) finish_probe(probe);
      continue;
    }
    if (now_ >= probes_[i].next_resend) send_probe(probes_[i], *target);
    ++i;
  }
}

// Nobody has answered. If the helpers were silent, too, the fault may be ours.
void Swim::finish_probe(const Probe& probe) {
  if (!probe.helpers.empty() && probe.nacks * 2 < probe.helpers.size()) change_health(1);
  Member* const target = table_.find(probe.target);
  if (target != nullptr) accuse(*target);
}

void Swim::run_errands() {
  std::erase_if(errands_, [&](const Errand& each) { return now_ >= each.expires; });
  for (Errand& each : errands_) {
    if (each.is_nacked || now_ < each.nack_at) continue;
    each.is_nacked = true;
    send(each.requester, new_packet(table_.find(each.source)) + nack_message(each.sequence));
  }
}

void Swim::hear_ping(const Ping& ping, const Endpoint& from) {
  if (ping.target != static_cast<std::uint32_t>(id_))
    return;  // Meant for another process that had our address.
  Ack ack{.sequence = ping.sequence,
          .view = table_.view(),
          .is_settled = now_ - view_changed_ >= config_.settled_after,
          .proof = std::nullopt};
  if (ping.wants_proof) {
    ack.proof = signatures_.sign(proof_text(ping.sequence, id_, config_.cluster));
  }
  const Member* const source = table_.find(ping.source);
  std::string packet = new_packet(source);
  packet += message(ack);
  if (is_doubted_) packet += message(*self_);
  if (source != nullptr &&
      (source->status == Status::kDead || source->status == Status::kSuspect)) {
    packet += doubt_about(*source);
  }
  send(from, std::move(packet));
}

void Swim::hear_ping_request(const PingRequest& request, const Endpoint& from) {
  const Member* const target = table_.find(request.target);
  const Member* const source = table_.find(request.source);
  if (request.target == id_ || errands_.size() >= kMaxErrands) return;
  if (target == nullptr || !target->lives()) {
    send(from, new_packet(source) + nack_message(request.sequence));
    return;
  }
  question(*target, request.sequence, true);
  const bool is_known = std::any_of(errands_.begin(), errands_.end(), [&](const Errand& each) {
    return each.sequence == request.sequence;
  });
  if (is_known) return;
  errands_.push_back({.sequence = request.sequence,
                      .source = request.source,
                      .requester = from,
                      .nack_at = now_ + config_.nack_after,
                      .expires = now_ + config_.probe_verdict});
}

void Swim::hear_ack(const Ack& ack) {
  for (Probe& each : probes_) {
    const bool is_direct = each.sequence == ack.sequence;
    if (!is_direct && each.helped_sequence != ack.sequence) continue;
    const Member* const target = table_.find(each.target);
    if (target == nullptr || each.is_answered) return;
    if (!is_direct && (!ack.proof.has_value() ||
                       !signatures_.verify(target->statement->key,
                                           proof_text(ack.sequence, each.target, config_.cluster),
                                           *ack.proof))) {
      return;
    }
    each.is_answered = true;
    change_health(-1);
    if (is_direct) sync_if_views_differ(ack, *target);
    return;
  }
  const auto errand = std::find_if(errands_.begin(), errands_.end(), [&](const Errand& each) {
    return each.sequence == ack.sequence;
  });
  if (errand == errands_.end() || !ack.proof.has_value()) return;
  const Errand done = *errand;
  errands_.erase(errand);
  send(done.requester, new_packet(table_.find(done.source)) + message(ack));
}

void Swim::hear_nack(std::uint32_t sequence) {
  for (Probe& each : probes_) {
    if (each.helped_sequence == sequence) ++each.nacks;
  }
}

// One dead member: perhaps it is back, or the network between us is.
void Swim::reconnect() {
  next_reconnect_ = now_ + config_.reconnect_interval;
  if (table_.dead() == 0 || is_leaving_) return;
  const size_t start = random_.below(table_.size());
  for (size_t i = 0; i < table_.size(); ++i) {
    const Member& member = table_.all()[(start + i) % table_.size()];
    if (member.status != Status::kDead) continue;
    question(member, new_sequence());
    return;
  }
}

// Without news: they count as sent, and perhaps nobody is there to hear them.
void Swim::question(const Member& member, std::uint32_t sequence, bool wants_proof) {
  std::string packet = new_packet(&member) + ping(member.id, sequence, wants_proof);
  if (member.status != Status::kAlive) packet += doubt_about(member);
  out_.packets.push_back({.to = member.statement->endpoint, .bytes = std::move(packet)});
}

std::string Swim::ping(MemberId target, std::uint32_t sequence, bool wants_proof) const {
  return message(Ping{.sequence = sequence,
                      .target = static_cast<std::uint32_t>(target),
                      .source = id_,
                      .wants_proof = wants_proof});
}

std::string Swim::doubt_about(const Member& member) const {
  return message(Doubt{.accused = member.id, .incarnation = member.incarnation()});
}

}  // namespace ikada::gossip
