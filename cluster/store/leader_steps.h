// Who leads, decided step by step: everything known comes in, the next call to the store goes out.
// It holds no clock and no socket; leader.h drives it.
//
// The leader is who put the election's key, with its own lease on it; nobody changes the key while
// it is there. The key's revision is the term's fence: a transaction that compares it fails once
// somebody else leads, whatever the old leader believes. It believes so until its lease can have
// ended, counted from before the last renewal was sent.
//
// Lost answers: a put whose outcome is unknown is looked up by its lease, which nobody else has.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "cluster/store/store.h"

namespace ikada {

struct LeaderOptions {
  std::string key;              // E.g. "/leader".
  std::string candidate;        // Who we are; the key's value.
  std::chrono::seconds ttl{5};  // A dead leader is followed after about this time.
};

// Leadership from one taking of the key to its loss.
struct LeaderTerm {
  KeyCompare fence;

  // An empty transaction with the fence in it.
  Transaction begin() const { return Transaction{.compares = {fence}, .operations = {}}; }
};

// What came of the last action, or why else we are called.
struct NothingNew {};  // Time passed, or the key changed.
struct ResignAsked {};
using LeaderInput = std::variant<NothingNew,
                                 ResignAsked,
                                 Result<Lease>,    // Of GrantLease.
                                 Result<Commit>,   // Of TakeKey.
                                 Result<KeyRead>,  // Of LookAtKey.
                                 Result<void>>;    // Of KeepLease and RevokeLease.

struct GrantLease {
  std::chrono::seconds ttl;
};
struct TakeKey {
  Transaction transaction;
};
struct LookAtKey {};
struct KeepLease {
  LeaseId id;
};
struct RevokeLease {
  LeaseId id;
};
struct WaitUntil {
  std::chrono::steady_clock::time_point time;  // Or until the key changes, if somebody else leads.
};
struct Resigned {};  // The end.
using LeaderAction =
    std::variant<GrantLease, TakeKey, LookAtKey, KeepLease, RevokeLease, WaitUntil, Resigned>;

class LeaderSteps {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit LeaderSteps(LeaderOptions options) : options_(std::move(options)) {}

  // `now` is the time after the action was carried out. Begin with NothingNew.
  LeaderAction step(const LeaderInput& input, TimePoint now);

  // The term, if we may still act in it at `now`.
  std::optional<LeaderTerm> term(TimePoint now) const;

  // Whose key was seen last; empty if there was none.
  const std::string& leader() const { return leader_; }

  // When term() ends unless something is renewed.
  TimePoint leads_until() const { return leads_until_; }

 private:
  LeaderAction ask(LeaderAction action, TimePoint now);
  LeaderAction after_nothing(TimePoint now);
  LeaderAction after_grant(const Result<Lease>& granted, TimePoint now);
  LeaderAction after_take(const Result<Commit>& taken, TimePoint now);
  LeaderAction after_look(const Result<KeyRead>& seen, TimePoint now);
  LeaderAction after_lease_call(const Result<void>& done, TimePoint now);
  LeaderAction lead(Revision revision, TimePoint now);
  LeaderAction give_up(TimePoint now);
  LeaderAction wait(TimePoint until);

  std::chrono::milliseconds part_of_ttl(int parts) const;

  const LeaderOptions options_;
  LeaseId lease_ = kNoLease;
  std::optional<LeaderTerm> term_;
  std::string leader_;
  TimePoint leads_until_;
  TimePoint asked_at_;    // When the action under way was given out.
  TimePoint renewed_at_;  // When the grant or renewal that counts was sent.
  bool is_keeping_ = false;
  bool is_resigning_ = false;
};

}  // namespace ikada
