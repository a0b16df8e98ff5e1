#include "cluster/gossip/swim.h"

#include <algorithm>
#include <utility>

#include "cluster/gossip/swim_state.h"

namespace ikada::gossip {
namespace {

constexpr Duration kReapInterval = std::chrono::seconds(30);

// A random part of `duration`, so that members that start together do not act together.
Duration part_of(Duration duration, Prng& random) {
  return Duration(static_cast<Duration::rep>(
      random.below(static_cast<size_t>(std::max<Duration::rep>(duration.count(), 1)))));
}

}  // namespace

std::string_view to_text(MemberChange::Kind kind) {
  switch (kind) {
    case MemberChange::Kind::kJoined:
      return "joined";
    case MemberChange::Kind::kUpdated:
      return "updated";
    case MemberChange::Kind::kSuspected:
      return "suspected";
    case MemberChange::Kind::kCleared:
      return "cleared";
    case MemberChange::Kind::kFailed:
      return "failed";
    case MemberChange::Kind::kLeft:
      return "left";
    case MemberChange::Kind::kForgotten:
      return "forgotten";
    case MemberChange::Kind::kNameConflict:
      return "name conflict";
    case MemberChange::Kind::kIncompatible:
      return "incompatible";
  }
  return "unknown";
}

Swim::Swim(Config config,
           const SelfDescription& self,
           const Signatures& signatures,
           std::uint64_t seed,
           TimePoint now)
    : config_(std::move(config)),
      signatures_(signatures),
      random_(seed),
      id_(member_id(self.name)),
      table_(random_.next()),
      news_(config_.max_news),
      now_(now),
      next_tick_(now),
      view_changed_(now),
      join_wait_(config_.join_retry),
      next_probe_(now + part_of(config_.probe_interval, random_)),
      next_gossip_(now + part_of(config_.gossip_interval, random_)),
      next_reconnect_(now + part_of(config_.reconnect_interval, random_)),
      next_sync_(now + part_of(config_.sync_interval, random_)),
      next_mismatch_sync_(now),
      next_join_(now),
      next_reap_(now + kReapInterval),
      leave_at_(TimePoint::max()) {
  self_ = std::make_shared<Statement>();
  self_->name = self.name;
  self_->endpoint = self.endpoint;
  self_->incarnation = self.first_incarnation;
  self_->versions = config_.versions;
  self_->metadata = self.metadata;
  self_->admission = self.admission;
  sign(*self_, config_.cluster, signatures_);
  table_.add(self_, Status::kAlive, now);
  relay(*self_);
}

Swim::~Swim() = default;

Output Swim::step(const Input& input, TimePoint now) {
  now_ = std::max(now, now_);
  note_stall();
  std::visit([this](const auto& each) { take(each); }, input);
  run_timers();
  if (table_.view() != last_view_) {
    last_view_ = table_.view();
    view_changed_ = now_;
  }
  out_.next_tick = next_tick_ = next_deadline();
  return std::exchange(out_, {});
}

void Swim::take(const Tick&) {}

void Swim::take(const PacketReceived& received) {
  const std::optional<PacketView> packet = read_packet(received.bytes);
  if (!packet.has_value() || packet->version < config_.versions.min ||
      packet->version > config_.versions.max) {
    return;
  }
  is_doubted_ = false;
  relays_left_ = SIZE_MAX;
  // Pings last: their answers carry what the rest of the packet brought about.
  for (const MessageView& each : packet->messages) {
    if (each.kind != MessageKind::kPing) hear(each, received.from);
  }
  for (const MessageView& each : packet->messages) {
    if (each.kind == MessageKind::kPing) hear(each, received.from);
  }
}

void Swim::hear(const MessageView& message, const Endpoint& from) {
  switch (message.kind) {
    case MessageKind::kPing:
      if (const auto ping = read_ping(message.body)) hear_ping(*ping, from);
      return;
    case MessageKind::kPingRequest:
      if (const auto request = read_ping_request(message.body)) hear_ping_request(*request, from);
      return;
    case MessageKind::kAck:
      if (const auto ack = read_ack(message.body)) hear_ack(*ack);
      return;
    case MessageKind::kNack:
      if (const auto sequence = read_nack(message.body)) hear_nack(*sequence);
      return;
    case MessageKind::kDoubt:
      if (const auto doubt = read_doubt(message.body)) hear_doubt(*doubt);
      return;
    case MessageKind::kStatement:
      if (auto statement = decode_statement(message.body)) hear_statement(std::move(*statement));
      return;
    case MessageKind::kAccusation:
      if (const auto accusation = decode_accusation(message.body)) hear_accusation(*accusation);
      return;
    default:
      return;  // Of a later version, or not for packets.
  }
}

void Swim::take(const FrameReceived& received) {
  const auto found = std::find_if(dialogues_.begin(), dialogues_.end(), [&](const auto& each) {
    return each.stream == received.stream;
  });
  if (found != dialogues_.end()) {
    hear_frame(*found, received.bytes);
    return;
  }
  if (received.stream % 2 == 0) return;  // Of a dialogue that has ended.
  if (dialogues_.size() >= config_.max_dialogues || is_leaving_) {
    end_dialogue(received.stream);
    return;
  }
  dialogues_.push_back(
      {.stream = received.stream, .deadline = now_ + config_.dialogue_timeout, .wanted = {}});
  hear_frame(dialogues_.back(), received.bytes);
}

void Swim::take(const StreamClosed& closed) {
  std::erase_if(dialogues_, [&](const auto& each) { return each.stream == closed.stream; });
}

void Swim::take(const Join& join) {
  seeds_ = join.seeds;
  std::erase(seeds_, self_->endpoint);
  has_joined_ = false;
  join_wait_ = config_.join_retry;
  next_join_ = now_;
}

void Swim::take(const Remember& remember) {
  for (const auto& each : remember.statements) {
    const MemberId id = member_id(each->name);
    if (table_.size() < config_.max_members && table_.find(id) == nullptr &&
        each->presence == Presence::kAlive) {
      table_.add(each, Status::kAlive, now_);
      report(MemberChange::Kind::kJoined, each);
    }
  }
}

void Swim::take(const SetMetadata& set) {
  if (self_->metadata == set.metadata || is_leaving_) return;
  self_ = std::make_shared<Statement>(*self_);
  self_->metadata = set.metadata;
  state_self();
}

void Swim::take(const Leave&) {
  if (is_leaving_) return;
  is_leaving_ = true;
  self_ = std::make_shared<Statement>(*self_);
  self_->presence = Presence::kLeft;
  state_self();
  leave_at_ = now_ + (table_.living() > 1 ? config_.leave_linger : Duration::zero());
}

void Swim::note_stall() {
  const Duration late = now_ - next_tick_;
  if (late < config_.stall) return;
  change_health(1);
  errands_.clear();
  for (Probe& each : probes_) {
    each.next_resend += late;
    each.verdict += late;
  }
  for (const MemberId id : suspects_) {
    Member* const member = table_.find(id);
    if (member == nullptr || member->status != Status::kSuspect) continue;
    member->suspicion->since += late;
  }
}

void Swim::run_timers() {
  run_errands();
  run_probes();
  if (now_ >= next_probe_) begin_probe();
  run_suspicions();
  if (now_ >= next_gossip_ && !news_.empty()) gossip();
  if (now_ >= next_reconnect_) reconnect();
  run_dialogues();
  if (now_ >= next_reap_) {
    next_reap_ = now_ + kReapInterval;
    reap();
  }
  if (now_ >= leave_at_) {
    leave_at_ = TimePoint::max();
    out_.is_done = true;
  }
}

void Swim::gossip() {
  next_gossip_ = now_ + config_.gossip_interval;
  std::vector<MemberId> told;
  for (size_t tries = 0; tries < 3 * config_.gossip_fanout; ++tries) {
    const Member* const member = random_living(id_);
    if (member == nullptr || told.size() == config_.gossip_fanout || news_.empty()) return;
    // What is told to somebody who is not there is told for nothing.
    if (member->status == Status::kSuspect ||
        std::find(told.begin(), told.end(), member->id) != told.end()) {
      continue;
    }
    told.push_back(member->id);
    tell_news(*member);
  }
}

// In several packets if need be: when many join at once, one each time would take long.
void Swim::tell_news(const Member& member) {
  std::string packet = new_packet(&member);
  const std::string start = packet;
  for (const std::string& news :
       news_.take(config_.gossip_burst * (kMaxPacketBytes - start.size()), retransmit_limit())) {
    if (packet.size() + news.size() > kMaxPacketBytes) {
      out_.packets.push_back({.to = member.statement->endpoint, .bytes = std::move(packet)});
      packet = start;
    }
    packet += news;
  }
  if (packet.size() == start.size()) return;
  out_.packets.push_back({.to = member.statement->endpoint, .bytes = std::move(packet)});
}

TimePoint Swim::next_deadline() const {
  TimePoint next = std::min({next_probe_, next_reconnect_, next_sync_, next_reap_, leave_at_});
  if (!news_.empty() && table_.living() > 1) next = std::min(next, next_gossip_);
  if (wants_to_join()) next = std::min(next, next_join_);
  for (const Probe& each : probes_) next = std::min({next, each.next_resend, each.verdict});
  for (const Errand& each : errands_) {
    next = std::min(next, each.is_nacked ? each.expires : each.nack_at);
  }
  for (const Dialogue& each : dialogues_) next = std::min(next, each.deadline);
  for (const MemberId id : suspects_) {
    const Member* const member = table_.find(id);
    if (member == nullptr || member->status != Status::kSuspect) continue;
    next = std::min(next, member->suspicion->deadline());
    if (member->suspicion->asks) next = std::min(next, member->suspicion->next_question);
  }
  return std::max(next, now_);
}

std::string Swim::new_packet(const Member* to) const {
  const std::uint8_t version = to == nullptr
                                   ? config_.versions.min
                                   : std::min(config_.versions.max, to->statement->versions.max);
  return std::string(1, static_cast<char>(version));
}

void Swim::send(const Endpoint& to, std::string packet) {
  if (!news_.empty()) {
    for (const std::string& news :
         news_.take(kMaxPacketBytes - packet.size(), retransmit_limit())) {
      packet += news;
    }
  }
  if (packet.size() > 1) out_.packets.push_back({.to = to, .bytes = std::move(packet)});
}

size_t Swim::retransmit_limit() const {
  size_t digits = 1;
  for (size_t count = table_.living(); count >= 10; count /= 10) ++digits;
  return config_.retransmit_factor * digits;
}

void Swim::report(MemberChange::Kind kind, std::shared_ptr<const Statement> statement) {
  out_.changes.push_back({.kind = kind, .statement = std::move(statement)});
}

void Swim::change_health(int by) {
  const int score = static_cast<int>(health_) + by;
  health_ = static_cast<unsigned>(std::clamp(score, 0, static_cast<int>(config_.max_health_score)));
}

Member* Swim::random_living(MemberId other_than) {
  if (table_.living() < 2) return nullptr;
  // Nearly always one of the first few; the scan is for tables of mostly dead members.
  for (int i = 0; i < 16; ++i) {
    Member& member = table_.all()[random_.below(table_.size())];
    if (member.lives() && member.id != id_ && member.id != other_than) return &member;
  }
  const size_t start = random_.below(table_.size());
  for (size_t i = 0; i < table_.size(); ++i) {
    Member& member = table_.all()[(start + i) % table_.size()];
    if (member.lives() && member.id != id_ && member.id != other_than) return &member;
  }
  return nullptr;
}

}  // namespace ikada::gossip
