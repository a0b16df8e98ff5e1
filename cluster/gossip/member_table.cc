#include "cluster/gossip/member_table.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ikada::gossip {

std::string_view to_text(Status status) {
  switch (status) {
    case Status::kAlive:
      return "alive";
    case Status::kSuspect:
      return "suspect";
    case Status::kDead:
      return "dead";
    case Status::kLeft:
      return "left";
  }
  return "unknown";
}

Member* MemberTable::find(MemberId id) {
  return const_cast<Member*>(std::as_const(*this).find(id));
}

const Member* MemberTable::find(MemberId id) const {
  if (slots_.empty()) return nullptr;
  const std::uint32_t place = slots_[slot_of(id)];
  return place == 0 ? nullptr : &members_[place - 1];
}

Member& MemberTable::add(std::shared_ptr<const Statement> statement, Status status, TimePoint now) {
  Member& member = members_.emplace_back();
  member.id = member_id(statement->name);
  member.statement = std::move(statement);
  member.status = status;
  member.since = now;
  if (members_.size() * 2 > slots_.size()) {
    rebuild_slots();
  } else {
    slots_[slot_of(member.id)] = static_cast<std::uint32_t>(members_.size());
  }
  round_.push_back(static_cast<std::uint32_t>(members_.size() - 1));
  std::swap(round_[turn_ + random_.below(round_.size() - turn_)], round_.back());
  count(member, true);
  return member;
}

void MemberTable::set(Member& member, std::shared_ptr<const Statement> statement) {
  count(member, false);
  member.statement = std::move(statement);
  count(member, true);
}

void MemberTable::set(Member& member, Status status, TimePoint now) {
  count(member, false);
  if (member.status != status) member.since = now;
  member.status = status;
  count(member, true);
}

void MemberTable::remove(MemberId id) {
  Member* const member = find(id);
  if (member == nullptr) return;
  count(*member, false);
  if (member != &members_.back()) *member = std::move(members_.back());
  members_.pop_back();
  rebuild_slots();
  round_.resize(members_.size());
  std::iota(round_.begin(), round_.end(), 0U);
  turn_ = round_.size();
}

size_t MemberTable::next_in_round() {
  if (turn_ >= round_.size()) {
    for (size_t i = round_.size(); i > 1; --i) std::swap(round_[i - 1], round_[random_.below(i)]);
    turn_ = 0;
  }
  return round_[turn_++];
}

void MemberTable::count(const Member& member, bool is_added) {
  if (member.status == Status::kDead) dead_ = is_added ? dead_ + 1 : dead_ - 1;
  if (!member.lives()) return;
  living_ = is_added ? living_ + 1 : living_ - 1;
  view_ ^= mix_bits(member.id ^ mix_bits(member.incarnation()));
}

size_t MemberTable::slot_of(MemberId id) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = id & mask;
  while (slots_[slot] != 0 && members_[slots_[slot] - 1].id != id) slot = (slot + 1) & mask;
  return slot;
}

void MemberTable::rebuild_slots() {
  size_t size = 16;
  while (size < members_.size() * 3) size *= 2;
  slots_.assign(size, 0);
  for (size_t i = 0; i < members_.size(); ++i) {
    slots_[slot_of(members_[i].id)] = static_cast<std::uint32_t>(i + 1);
  }
}

}  // namespace ikada::gossip
