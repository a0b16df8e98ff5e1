// Everybody this member knows of, itself included, and the order in which it probes them.
//
// Pointers to members hold until the next add() or remove(). The view is a digest of who lives
// (alive or suspect) in which incarnation: members with the same view agree about that.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cluster/gossip/prng.h"
#include "cluster/gossip/suspicion.h"

namespace ikada::gossip {

enum class Status : std::uint8_t { kAlive, kSuspect, kDead, kLeft };

// The words that people read.
std::string_view to_text(Status status);

struct Member {
  MemberId id = 0;
  std::shared_ptr<const Statement> statement;
  TimePoint since;  // Of its status.
  // While it is suspect; afterwards the voices that it died of are kept for others.
  std::unique_ptr<Suspicion> suspicion;
  Status status = Status::kAlive;

  bool lives() const { return status == Status::kAlive || status == Status::kSuspect; }
  std::uint64_t incarnation() const { return statement->incarnation; }
};

class MemberTable {
 public:
  explicit MemberTable(std::uint64_t seed) : random_(seed) {}

  // Null if there is none.
  Member* find(MemberId id);
  const Member* find(MemberId id) const;

  // There is no member of that id yet.
  Member& add(std::shared_ptr<const Statement> statement, Status status, TimePoint now);
  void set(Member& member, std::shared_ptr<const Statement> statement);
  void set(Member& member, Status status, TimePoint now);
  void remove(MemberId id);

  const std::vector<Member>& all() const { return members_; }
  std::vector<Member>& all() { return members_; }
  size_t size() const { return members_.size(); }
  size_t living() const { return living_; }
  size_t dead() const { return dead_; }
  std::uint64_t view() const { return view_; }

  // A place in all(), each once before any twice, in an order that changes from round to round.
  // Newcomers are put somewhere into the round that goes on.
  size_t next_in_round();

 private:
  void count(const Member& member, bool is_added);
  size_t slot_of(MemberId id) const;
  void rebuild_slots();

  Prng random_;
  std::vector<Member> members_;
  std::vector<std::uint32_t> slots_;  // Place + 1 by id, open addressing; 0 is free.
  std::vector<std::uint32_t> round_;  // Places; those before `turn_` have been asked for.
  size_t turn_ = 0;
  size_t living_ = 0;
  size_t dead_ = 0;
  std::uint64_t view_ = 0;
};

}  // namespace ikada::gossip
