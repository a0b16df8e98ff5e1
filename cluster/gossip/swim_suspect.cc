// Suspicion: accusing, being accused, and the verdict that each member reaches by itself.
#include <algorithm>

#include "cluster/gossip/swim_state.h"

namespace ikada::gossip {

// We got no answer from it.
void Swim::accuse(Member& member) {
  if (!member.lives() || is_leaving_) return;
  const size_t voices = member.suspicion == nullptr ? 0 : member.suspicion->voices.size();
  if (voices > 0 &&
      (member.suspicion->has_own_voice || voices > member.suspicion->times.confirmations)) {
    return;
  }
  Accusation accusation{
      .accused = member.id, .incarnation = member.incarnation(), .accuser = id_, .signature = {}};
  sign(accusation, config_.cluster, signatures_);
  add_voice(member, accusation);
  member.suspicion->has_own_voice = true;
}

// The accusation is genuine, about the incarnation that we know, and new.
void Swim::add_voice(Member& member, const Accusation& accusation) {
  if (member.status == Status::kAlive) {
    table_.set(member, Status::kSuspect, now_);
    member.suspicion = std::make_unique<Suspicion>();
    Suspicion& suspicion = *member.suspicion;
    suspicion.since = now_;
    suspicion.times = suspicion_times(config_, table_.living());
    suspicion.asks = random_.below(table_.living()) < config_.askers;
    suspicion.next_question =
        now_ + Duration(static_cast<Duration::rep>(
                   random_.below(static_cast<size_t>(config_.question_interval.count() / 2))));
    suspects_.push_back(member.id);
    report(MemberChange::Kind::kSuspected, member.statement);
  }
  member.suspicion->voices.push_back(accusation);
  news_.add_accusation(member.id, accusation.accuser, message(accusation));
}

void Swim::hear_accusation(const Accusation& accusation) {
  if (accusation.accused == id_) {
    hear_doubt({.accused = id_, .incarnation = accusation.incarnation});
    return;
  }
  Member* const member = table_.find(accusation.accused);
  const Member* const accuser = table_.find(accusation.accuser);
  // Those who are dead to us may be on the other side of a broken network: their voices count
  // again when they are back.
  if (member == nullptr || accuser == nullptr || !member->lives() || !accuser->lives() ||
      accuser->id == id_ || accusation.incarnation != member->incarnation()) {
    return;
  }
  if (member->status == Status::kSuspect &&
      (member->suspicion->voices.size() > member->suspicion->times.confirmations ||
       member->suspicion->has_voice_of(accuser->id))) {
    return;
  }
  if (!is_signed(accusation, accuser->statement->key, config_.cluster, signatures_)) return;
  add_voice(*member, accusation);
}

void Swim::hear_doubt(const Doubt& doubt) {
  if (doubt.accused != id_) return;
  is_doubted_ = true;
  if (doubt.incarnation >= self_->incarnation) refute();
}

// By the next incarnation, however high a number we are accused in: only our own key makes those.
void Swim::refute() {
  if (is_leaving_) return;
  change_health(1);
  self_ = std::make_shared<Statement>(*self_);
  state_self();
}

void Swim::run_suspicions() {
  std::erase_if(suspects_, [&](MemberId id) {
    const Member* const member = table_.find(id);
    return member == nullptr || member->status != Status::kSuspect;
  });
  for (size_t i = 0; i < suspects_.size(); ++i) {
    Member& member = *table_.find(suspects_[i]);
    if (now_ >= member.suspicion->deadline()) {
      table_.set(member, Status::kDead, now_);
      report(MemberChange::Kind::kFailed, member.statement);
      continue;
    }
    if (member.suspicion->asks) pursue(member);
  }
}

// Asks the suspect: if it lives, it answers with its refutation; if it does not, that is a voice.
void Swim::pursue(Member& member) {
  Suspicion& suspicion = *member.suspicion;
  if (now_ >= suspicion.next_question) {
    suspicion.next_question = now_ + config_.question_interval;
    question(member, new_sequence());
  }
  if (now_ >= suspicion.since + stretched(config_.probe_verdict)) accuse(member);
}

}  // namespace ikada::gossip
