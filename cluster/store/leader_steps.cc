#include "cluster/store/leader_steps.h"

#include <utility>

namespace ikada {
namespace {

constexpr int kRenewalsInTtl = 3;
constexpr int kRetriesInTtl = 20;
constexpr int kLooksInTtl = 2;  // While somebody else leads; a watch tells sooner.

}  // namespace

std::chrono::milliseconds LeaderSteps::part_of_ttl(int parts) const {
  return std::chrono::milliseconds(options_.ttl) / parts;
}

LeaderAction LeaderSteps::ask(LeaderAction action, TimePoint now) {
  asked_at_ = now;
  return action;
}

LeaderAction LeaderSteps::wait(TimePoint until) { return WaitUntil{until}; }

std::optional<LeaderTerm> LeaderSteps::term(TimePoint now) const {
  return now < leads_until_ ? term_ : std::nullopt;
}

LeaderAction LeaderSteps::step(const LeaderInput& input, TimePoint now) {
  if (std::holds_alternative<ResignAsked>(input)) is_resigning_ = true;
  if (const auto* granted = std::get_if<Result<Lease>>(&input)) return after_grant(*granted, now);
  if (is_resigning_) {
    term_.reset();
    // Once; if that fails, the lease ends by itself.
    if (lease_ == kNoLease) return Resigned{};
    is_keeping_ = false;
    return ask(RevokeLease{std::exchange(lease_, kNoLease)}, now);
  }
  if (const auto* taken = std::get_if<Result<Commit>>(&input)) return after_take(*taken, now);
  if (const auto* seen = std::get_if<Result<KeyRead>>(&input)) return after_look(*seen, now);
  if (const auto* done = std::get_if<Result<void>>(&input)) return after_lease_call(*done, now);
  return after_nothing(now);
}

LeaderAction LeaderSteps::after_nothing(TimePoint now) {
  if (!term_.has_value()) return ask(LookAtKey{}, now);
  if (now >= leads_until_) return give_up(now);
  if (now < renewed_at_ + part_of_ttl(kRenewalsInTtl)) {
    return wait(renewed_at_ + part_of_ttl(kRenewalsInTtl));
  }
  is_keeping_ = true;
  return ask(KeepLease{lease_}, now);
}

LeaderAction LeaderSteps::after_grant(const Result<Lease>& granted, TimePoint now) {
  if (granted.has_value()) {
    lease_ = granted->id;
    renewed_at_ = asked_at_;
  }
  if (is_resigning_) return step(ResignAsked{}, now);
  if (!granted.has_value()) return wait(now + part_of_ttl(kRetriesInTtl));
  Transaction transaction;
  transaction.expect(options_.key, 0).put(options_.key, options_.candidate, lease_);
  return ask(TakeKey{std::move(transaction)}, now);
}

LeaderAction LeaderSteps::after_take(const Result<Commit>& taken, TimePoint now) {
  if (taken.has_value() && taken->succeeded) return lead(taken->revision, now);
  if (!taken.has_value() && is_lease_gone(taken.error())) lease_ = kNoLease;
  // Somebody else has it, or we do and the answer was lost: the key tells.
  if (taken.has_value() || is_outcome_unknown(taken.error())) return ask(LookAtKey{}, now);
  return wait(now + part_of_ttl(kRetriesInTtl));
}

LeaderAction LeaderSteps::after_look(const Result<KeyRead>& seen, TimePoint now) {
  if (!seen.has_value()) {
    if (term_.has_value() && now >= leads_until_) return give_up(now);
    return wait(now + part_of_ttl(kRetriesInTtl));
  }
  const std::optional<KeyValue>& entry = seen->entry;
  leader_ = entry.has_value() ? entry->value : std::string();
  const bool is_ours = entry.has_value() && lease_ != kNoLease && entry->lease == lease_;
  if (term_.has_value()) {
    const bool is_same = is_ours && entry->modified == term_->fence.modified;
    return is_same && now < leads_until_ ? wait(renewed_at_ + part_of_ttl(kRenewalsInTtl))
                                         : give_up(now);
  }
  if (is_ours) return lead(entry->modified, now);
  if (lease_ != kNoLease && now >= renewed_at_ + part_of_ttl(kRenewalsInTtl)) return give_up(now);
  if (entry.has_value()) {
    if (lease_ != kNoLease) return give_up(now);
    return wait(now + part_of_ttl(kLooksInTtl));
  }
  if (lease_ == kNoLease) return ask(GrantLease{options_.ttl}, now);
  Transaction transaction;
  transaction.expect(options_.key, 0).put(options_.key, options_.candidate, lease_);
  return ask(TakeKey{std::move(transaction)}, now);
}

LeaderAction LeaderSteps::lead(Revision revision, TimePoint now) {
  leader_ = options_.candidate;
  term_ = LeaderTerm{.fence = {.key = options_.key, .modified = revision}};
  leads_until_ = renewed_at_ + options_.ttl;
  return after_nothing(now);
}

// The lease goes at once, so that others need not wait for its end.
LeaderAction LeaderSteps::give_up(TimePoint now) {
  term_.reset();
  is_keeping_ = false;
  if (lease_ == kNoLease) return ask(LookAtKey{}, now);
  return ask(RevokeLease{std::exchange(lease_, kNoLease)}, now);
}

LeaderAction LeaderSteps::after_lease_call(const Result<void>& done, TimePoint now) {
  if (!std::exchange(is_keeping_, false)) {
    return wait(now + part_of_ttl(kRetriesInTtl));  // A lease was revoked, or was not.
  }
  if (done.has_value()) {
    renewed_at_ = asked_at_;
    leads_until_ = renewed_at_ + options_.ttl;
    return ask(LookAtKey{}, now);
  }
  if (is_lease_gone(done.error())) lease_ = kNoLease;
  if (lease_ == kNoLease || now >= leads_until_) return give_up(now);
  return wait(now + part_of_ttl(kRetriesInTtl));
}

}  // namespace ikada
