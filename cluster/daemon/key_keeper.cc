#include "cluster/daemon/key_keeper.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "runtime/base/clock.h"

namespace ikada {
namespace {

constexpr std::chrono::seconds kResealAgain{10};

}  // namespace

// Written first: whoever is told that this host has them relies on it.
Result<void> KeyKeeper::keep(const ClusterKeys& keys) {
  IK_TRY(store_cluster_keys(ground_.path, keys));
  ground_.keys = keys;
  if (on_keys_) on_keys_(ground_.keys);
  ground_.on_held();
  return {};
}

void KeyKeeper::describe(HeldKeys& held) const {
  const std::shared_ptr<const Vault> vault = ground_.manager.api().options().vault;
  if (vault != nullptr) held.sealing = vault->key_ids();
}

// What each manager on record, or that is about to be one, has said of its sealing keys.
std::vector<std::vector<std::string>> KeyKeeper::told() const {
  std::vector<std::vector<std::string>> told;
  for (const auto& [id, node] : ground_.manager.home().nodes) {
    const bool is_manager = node.value.role == "manager" || node.value.wanted_role == "manager";
    if (!is_manager && id != ground_.node) continue;
    told.push_back(ground_.held_by(id).sealing);
  }
  return told;
}

Proposal KeyKeeper::look(bool may_propose) {
  const Result<Proposal> looked = look_at_sealing(may_propose);
  const std::string complaint = looked.has_value() ? "" : looked.error().message;
  if (std::exchange(complaint_, complaint) != complaint && !complaint.empty()) {
    spdlog::error("{}, retrying", complaint);
  }
  return looked.value_or(Proposal());
}

Result<Proposal> KeyKeeper::look_at_sealing(bool may_propose) {
  const std::shared_ptr<const Vault> vault = ground_.manager.api().options().vault;
  if (vault == nullptr) return Proposal();
  IK_LET(offer, read_sealing_offer(ground_.manager.home(), *vault));
  IK_TRY(take(offer));
  return may_propose ? lead(offer, *vault) : Proposal();
}

Result<void> KeyKeeper::take(const SealingOffer& offer) {
  if (offer.revision == 0) return {};
  const ClusterKeys taken = take_sealing_offer(ground_.keys, offer);
  if (taken.sealing_keys == ground_.keys.sealing_keys) return {};
  IK_TRY(keep(taken));
  spdlog::info("sealing key={} {}", sealing_key_id(offer.key), offer.is_in_use ? "used" : "known");
  return {};
}

Result<Proposal> KeyKeeper::lead(SealingOffer offer, const Vault& vault) {
  const ScopeState& home = ground_.manager.home();
  Proposal proposal;
  switch (plan_sealing(offer, ground_.keys, told())) {
    case SealingStep::kOffer:
      offer.key = random_sealing_key();
      break;
    case SealingStep::kUse:
      offer.is_in_use = true;
      break;
    case SealingStep::kForget:
      remove_sealing_offer(home, proposal);
      return proposal;
    case SealingStep::kNone:
      if (offer.revision != 0 || std::chrono::steady_clock::now() < reseal_at_) return proposal;
      proposal = plan_resealing(ground_.manager.feed().state(), vault);
      if (proposal.changes.empty()) reseal_at_ = std::chrono::steady_clock::now() + kResealAgain;
      if (!proposal.changes.empty()) spdlog::info("sealed anew count={}", proposal.changes.size());
      return proposal;
  }
  return put_sealing_offer(home, vault, offer, {unix_now() / 1'000'000});
}

}  // namespace ikada
