// Statements: what a member says about itself, and who may be believed to be that member.
#include <algorithm>

#include "cluster/gossip/swim_state.h"

namespace ikada::gossip {
namespace {

constexpr size_t kMaxReported = 256;

}  // namespace

void Swim::hear_statement(Statement statement) {
  const MemberId id = member_id(statement.name);
  if (id == id_) {
    hear_own_name(statement);
    return;
  }
  if (statement.versions.max < config_.versions.min ||
      statement.versions.min > config_.versions.max) {
    if (reported_.size() < kMaxReported && reported_.insert(statement.key).second) {
      report(MemberChange::Kind::kIncompatible, std::make_shared<Statement>(std::move(statement)));
    }
    return;
  }
  Member* const member = table_.find(id);
  if (member == nullptr) {
    learn_new(std::move(statement));
    return;
  }
  if (member->statement->key != statement.key || member->statement->name != statement.name) {
    if (!may_replace_key(*member, statement)) {
      report_conflict(statement);
      return;
    }
  } else if (statement.incarnation <= member->incarnation()) {
    return;
  }
  if (is_believable(statement)) learn_newer(*member, std::move(statement));
}

// Either an echo of ours, perhaps from an earlier run, or somebody else has our name.
void Swim::hear_own_name(const Statement& statement) {
  if (statement.key != self_->key) {
    report_conflict(statement);
    return;
  }
  const bool is_echo = statement.incarnation < self_->incarnation || statement == *self_;
  if (is_echo || !is_signed(statement, config_.cluster, signatures_)) return;
  self_ = std::make_shared<Statement>(*self_);
  self_->incarnation = statement.incarnation;
  state_self();
}

void Swim::learn_new(Statement statement) {
  if (statement.presence == Presence::kLeft || table_.size() >= config_.max_members ||
      !is_believable(statement)) {
    return;
  }
  relay(statement);
  auto shared = std::make_shared<const Statement>(std::move(statement));
  table_.add(shared, Status::kAlive, now_);
  report(MemberChange::Kind::kJoined, std::move(shared));
}

void Swim::learn_newer(Member& member, Statement statement) {
  relay(statement);
  const Statement& before = *member.statement;
  const bool is_same = before.endpoint == statement.endpoint &&
                       before.metadata == statement.metadata && before.key == statement.key;
  const Status status = member.status;
  const bool lived = member.lives();
  const bool has_left = statement.presence == Presence::kLeft;
  table_.set(member, std::make_shared<const Statement>(std::move(statement)));
  table_.set(member, has_left ? Status::kLeft : Status::kAlive, now_);
  member.suspicion.reset();
  if (has_left) {
    if (lived) report(MemberChange::Kind::kLeft, member.statement);
    return;
  }
  if (!lived) {
    report(MemberChange::Kind::kJoined, member.statement);
    return;
  }
  if (status == Status::kSuspect) report(MemberChange::Kind::kCleared, member.statement);
  if (!is_same) report(MemberChange::Kind::kUpdated, member.statement);
}

// A name's key changes when the authority says so; without one, when its owner is gone.
bool Swim::may_replace_key(const Member& member, const Statement& statement) const {
  if (member.statement->name != statement.name) return false;
  if (!config_.authority.has_value()) return !member.lives();
  return statement.admission.has_value() && member.statement->admission.has_value() &&
         statement.admission->serial > member.statement->admission->serial;
}

bool Swim::is_believable(const Statement& statement) const {
  return is_signed(statement, config_.cluster, signatures_) &&
         (!config_.authority.has_value() ||
          is_admitted(statement, *config_.authority, config_.cluster, signatures_));
}

void Swim::report_conflict(const Statement& statement) {
  if (reported_.size() >= kMaxReported || reported_.contains(statement.key) ||
      !is_believable(statement)) {
    return;
  }
  reported_.insert(statement.key);
  report(MemberChange::Kind::kNameConflict, std::make_shared<Statement>(statement));
}

// Signs self_ anew in the next incarnation and tells the others.
void Swim::state_self() {
  ++self_->incarnation;
  sign(*self_, config_.cluster, signatures_);
  table_.set(*table_.find(id_), self_);
  news_.add_statement(id_, message(*self_));
}

void Swim::relay(const Statement& statement) {
  const MemberId id = member_id(statement.name);
  news_.forget(id);
  if (relays_left_ == 0 && id != id_) return;
  if (relays_left_ > 0) --relays_left_;
  news_.add_statement(id, message(statement));
}

void Swim::reap() {
  std::vector<MemberId> gone;
  for (const Member& each : table_.all()) {
    if (!each.lives() && now_ - each.since >= config_.dead_retention) gone.push_back(each.id);
  }
  for (const MemberId id : gone) {
    report(MemberChange::Kind::kForgotten, table_.find(id)->statement);
    table_.remove(id);
    news_.forget(id);
  }
}

}  // namespace ikada::gossip
