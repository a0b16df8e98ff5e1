// The key that seals secrets, as the managers have it: in authority.json, the same on each.
//
// A cluster that was made before it had such a key gets one while it works. The leading manager
// offers it to the others by a secret of the cluster's own that no user's can be
// (cluster/model/stored_secret.h), sealed with the key that they have:
//
//   offered   every manager opens with it
//   in use    every manager seals with it; what follows from the authority's key only opens
//   (gone)    all have it in their files; what the old key has sealed is sealed anew
//
// A step is taken when every manager on record has said that it has done the one before, and one
// that is away is waited for: otherwise it could not open what is sealed then.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/api/outcome.h"
#include "cluster/api/vault.h"
#include "cluster/daemon/own_secret.h"
#include "cluster/node/membership.h"
#include "cluster/state/state.h"

namespace ikada {

inline constexpr OwnSecret kSealingSecret{.name = "~sealing-key", .sealed_under = "sealing key"};

// The cluster's, then `others`.
SealingKeys sealing_keys_of(const ClusterKeys& keys, const SealingKeys& others);
std::string sealing_key_id(const SealingKeyBytes& key);

struct SealingOffer {
  SealingKeyBytes key{};
  bool is_in_use = false;
  std::int64_t revision = 0;  // Of the record; 0: there is none.
};

Result<SealingOffer> read_sealing_offer(const ScopeState& home, const Vault& vault);
Result<Proposal> put_sealing_offer(const ScopeState& home,
                                   const Vault& vault,
                                   const SealingOffer& offer,
                                   Timestamp now);
void remove_sealing_offer(const ScopeState& home, Proposal& proposal);

// The keys of a manager that has heard of the offer.
ClusterKeys take_sealing_offer(const ClusterKeys& keys, const SealingOffer& offer);

enum class SealingStep { kNone, kOffer, kUse, kForget };

// `managers`: the ids of the keys that each on record has told of; empty if it has not.
SealingStep plan_sealing(const SealingOffer& offer,
                         const ClusterKeys& own,
                         const std::vector<std::vector<std::string>>& managers);

// Seals anew what another key than the vault's first has sealed, some at a time.
Proposal plan_resealing(const State& state, const Vault& vault);

}  // namespace ikada
