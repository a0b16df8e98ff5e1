// Anti-entropy: two members compare what they know, over a stream, and give each other what is
// missing. So does a member that joins, with one of its seeds.
//
//   who asks                          who answers
//   hello, own statement
//                                     own statement, then one of
//                                       same                     the views are equal: the end
//                                       all who live, end        the other is alone: the end
//                                       summary
//   want, what the other lacks, end
//                                     what was wanted, end
//
// Deaths are no part of it: the voices that accuse somebody are given, signed, and the other side
// makes up its own mind. The form of hello and statement is the same in every protocol version, so
// that members without a common one can find that out.
#include <algorithm>
#include <unordered_set>

#include "cluster/gossip/swim_state.h"

namespace ikada::gossip {
namespace {

constexpr size_t kFrameBytes = 60 * 1024;
constexpr size_t kRelaysOfFrame = 16;
constexpr size_t kSeedsAtOnce = 3;
constexpr unsigned kEarlySyncs = 2;

Opinion opinion_of(const Member& member) {
  switch (member.status) {
    case Status::kAlive:
      return Opinion::kLives;
    case Status::kSuspect:
      return Opinion::kSuspect;
    case Status::kDead:
      return Opinion::kDead;
    case Status::kLeft:
      return Opinion::kLeft;
  }
  return Opinion::kLives;
}

}  // namespace

void Swim::begin_dialogue(const Endpoint& peer) {
  if (dialogues_.size() >= config_.max_dialogues || is_leaving_) return;
  const bool is_alone = table_.size() == 1;
  Dialogue& dialogue = dialogues_.emplace_back();
  dialogue.stream = next_stream_;
  dialogue.deadline = now_ + config_.dialogue_timeout;
  dialogue.is_join = is_alone;
  next_stream_ += 2;
  std::string frame(1, static_cast<char>(config_.versions.min));
  frame += message(Hello{.is_alone = is_alone, .view = table_.view()});
  frame += message(*self_);
  out_.streams.push_back({.kind = StreamAction::Kind::kDial,
                          .stream = dialogue.stream,
                          .to = peer,
                          .frame = std::move(frame)});
}

void Swim::end_dialogue(StreamId stream) {
  out_.streams.push_back(
      {.kind = StreamAction::Kind::kClose, .stream = stream, .to = {}, .frame = {}});
  std::erase_if(dialogues_, [&](const Dialogue& each) { return each.stream == stream; });
}

void Swim::hear_frame(Dialogue& dialogue, std::string_view bytes) {
  const std::optional<PacketView> packet = read_packet(bytes);
  const bool is_first = !dialogue.has_begun;
  if (!packet.has_value() || (!is_first && (packet->version < config_.versions.min ||
                                            packet->version > config_.versions.max))) {
    end_dialogue(dialogue.stream);
    return;
  }
  dialogue.has_begun = true;
  // Whoever joins has learnt it all from somebody who knows it already: nobody needs to be told.
  relays_left_ = dialogue.is_join ? 0 : kRelaysOfFrame;
  std::optional<Hello> hello;
  std::optional<MemberId> sender;
  std::vector<SummaryEntry> entries;
  bool is_end = false;
  for (const MessageView& each : packet->messages) {
    if (each.kind == MessageKind::kStatement && is_first && !sender.has_value()) {
      if (auto statement = decode_statement(each.body)) sender = member_id(statement->name);
    }
    if (each.kind == MessageKind::kStatement || each.kind == MessageKind::kAccusation) {
      hear(each, {});
    } else if (each.kind == MessageKind::kHello) {
      hello = read_hello(each.body);
    } else if (each.kind == MessageKind::kSummary) {
      const auto read = read_summary(each.body);
      if (read.has_value()) entries.insert(entries.end(), read->begin(), read->end());
    } else if (each.kind == MessageKind::kWant) {
      const auto read = read_want(each.body);
      if (!read.has_value() || dialogue.wanted.size() > config_.max_members) continue;
      dialogue.wanted.insert(dialogue.wanted.end(), read->begin(), read->end());
    } else if (each.kind == MessageKind::kSame || each.kind == MessageKind::kEnd) {
      is_end = true;
    }
  }
  if (!dialogue.is_ours()) {
    if (is_first && hello.has_value() && sender.has_value()) {
      hear_hello(dialogue, *hello, *sender);
    } else if (is_first) {
      end_dialogue(dialogue.stream);
    } else if (is_end) {
      std::string messages;
      for (const MemberId id : dialogue.wanted) {
        if (const Member* const member = table_.find(id)) messages += records(*member);
      }
      send_frames(dialogue.stream, messages + empty_message(MessageKind::kEnd));
      dialogue.wanted.clear();
    }
    return;
  }
  if (!entries.empty()) answer_summary(dialogue, entries);
  if (!is_end) return;
  if (!has_joined_) {
    has_joined_ = true;
    early_syncs_ = kEarlySyncs;
    next_sync_ = now_ + config_.second_sync_after_join;
  }
  end_dialogue(dialogue.stream);
}

void Swim::hear_hello(Dialogue& dialogue, const Hello& hello, MemberId sender) {
  dialogue.is_join = hello.is_alone;
  std::string messages = message(*self_);
  const Member* const member = table_.find(sender);
  // What we know of the sender may be newer than what it says: it was here before.
  if (member != nullptr) messages += records(*member);
  if (hello.is_alone) {
    for (const Member& each : table_.all()) {
      if (each.lives() && each.id != sender && each.id != id_) messages += records(each);
    }
    messages += empty_message(MessageKind::kEnd);
  } else if (hello.view == table_.view()) {
    messages += empty_message(MessageKind::kSame);
  } else {
    messages += summary_messages(summary());
  }
  send_frames(dialogue.stream, messages);
}

void Swim::answer_summary(const Dialogue& dialogue, const std::vector<SummaryEntry>& entries) {
  std::string give;
  std::vector<MemberId> want;
  std::unordered_set<MemberId> theirs;
  for (const SummaryEntry& each : entries) {
    theirs.insert(each.id);
    compare(each, give, want);
  }
  // The dead whom the other side has never heard of are not its concern.
  for (const Member& each : table_.all()) {
    if (each.lives() && !theirs.contains(each.id)) give += records(each);
  }
  send_frames(dialogue.stream, want_messages(want) + give + empty_message(MessageKind::kEnd));
}

void Swim::compare(const SummaryEntry& entry, std::string& give, std::vector<MemberId>& want) {
  const bool is_living = entry.opinion == Opinion::kLives || entry.opinion == Opinion::kSuspect;
  if (entry.id == id_) {
    if (entry.incarnation > self_->incarnation) want.push_back(entry.id);
    if (entry.opinion != Opinion::kLives) {
      hear_doubt({.accused = id_, .incarnation = entry.incarnation});
    }
    if (entry.opinion != Opinion::kLives || entry.incarnation < self_->incarnation) {
      give += message(*self_);
    }
    return;
  }
  const Member* const member = table_.find(entry.id);
  if (member == nullptr) {
    if (is_living) want.push_back(entry.id);
    return;
  }
  const bool is_same = member->incarnation() == entry.incarnation;
  const bool lives = member->status == Status::kAlive;
  if (member->incarnation() > entry.incarnation ||
      (is_same && !lives && entry.opinion == Opinion::kLives)) {
    give += records(*member);
  } else if (!is_same || (lives && entry.opinion != Opinion::kLives)) {
    want.push_back(entry.id);
  }
  // Lest it has not been told that somebody doubts it: whoever lives refutes that.
  if (is_same && lives && entry.opinion != Opinion::kLives &&
      out_.packets.size() < config_.askers) {
    out_.packets.push_back(
        {.to = member->statement->endpoint, .bytes = new_packet(member) + doubt_about(*member)});
  }
}

std::vector<SummaryEntry> Swim::summary() const {
  std::vector<SummaryEntry> entries;
  entries.reserve(table_.size());
  for (const Member& each : table_.all()) {
    entries.push_back(
        {.id = each.id, .incarnation = each.incarnation(), .opinion = opinion_of(each)});
  }
  return entries;
}

// Its statement, and the voices against it.
std::string Swim::records(const Member& member) const {
  std::string messages = message(*member.statement);
  if (member.suspicion != nullptr) {
    for (const Accusation& each : member.suspicion->voices) messages += message(each);
  }
  return messages;
}

// In frames of bounded size, each of whole messages.
void Swim::send_frames(StreamId stream, std::string_view messages) {
  std::string_view rest = messages;
  while (!rest.empty()) {
    size_t size = 0;
    while (size < rest.size()) {
      const size_t next = 3 + (static_cast<size_t>(static_cast<std::uint8_t>(rest[size + 1])) << 8 |
                               static_cast<std::uint8_t>(rest[size + 2]));
      if (size > 0 && size + next > kFrameBytes) break;
      size += next;
    }
    std::string frame(1, static_cast<char>(config_.versions.min));
    frame += rest.substr(0, size);
    rest.remove_prefix(size);
    out_.streams.push_back(
        {.kind = StreamAction::Kind::kSend, .stream = stream, .to = {}, .frame = std::move(frame)});
  }
}

void Swim::run_dialogues() {
  for (size_t i = 0; i < dialogues_.size();) {
    if (now_ < dialogues_[i].deadline) {
      ++i;
      continue;
    }
    end_dialogue(dialogues_[i].stream);
  }
  if (wants_to_join() && now_ >= next_join_) try_join();
  if (now_ < next_sync_) return;
  next_sync_ = now_ + config_.sync_interval;
  if (early_syncs_ > 0) {
    --early_syncs_;
    next_sync_ = now_ + config_.second_sync_after_join * 8;
  }
  const Member* const peer = random_living(id_);
  if (peer != nullptr) begin_dialogue(peer->statement->endpoint);
}

bool Swim::wants_to_join() const {
  return !seeds_.empty() && !is_leaving_ && (!has_joined_ || table_.living() == 1);
}

void Swim::try_join() {
  for (size_t i = seeds_.size(); i > 1; --i) std::swap(seeds_[i - 1], seeds_[random_.below(i)]);
  for (size_t i = 0; i < std::min(seeds_.size(), kSeedsAtOnce); ++i) begin_dialogue(seeds_[i]);
  next_join_ = now_ + join_wait_;
  join_wait_ = std::min(join_wait_ * 2, config_.join_retry_max);
}

void Swim::sync_if_views_differ(const Ack& ack, const Member& peer) {
  if (ack.view == table_.view() || !ack.is_settled || now_ < next_mismatch_sync_ ||
      now_ - view_changed_ < config_.settled_after) {
    return;
  }
  // Less often in large clusters, where a comparison costs more and news are always on their way.
  const auto percent = static_cast<Duration::rep>(100 + 100 * table_.living() / 128);
  next_mismatch_sync_ = now_ + config_.mismatch_sync_interval * percent / 100;
  begin_dialogue(peer.statement->endpoint);
}

}  // namespace ikada::gossip
