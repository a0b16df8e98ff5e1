#include "cluster/daemon/sealing_key.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/daemon/exchange_record.h"
#include "cluster/daemon/gossip_ring.h"
#include "cluster/state/record_key.h"
#include "runtime/base/random_id.h"

namespace ikada {
namespace {

constexpr size_t kMostResealed = 10;  // In one transaction.

Result<std::string> seal_anew(const Vault& vault, std::string_view name, std::string_view sealed) {
  IK_LET(plain, vault.open(name, sealed));
  return vault.seal(name, plain.reveal());
}

// Empty for what needs no other seal, or has none that opens.
std::string other_seal(const Vault& vault, const std::string& name, const std::string& sealed) {
  if (!vault.is_outdated(sealed)) return "";
  const Result<std::string> anew = seal_anew(vault, name, sealed);
  if (!anew.has_value()) spdlog::debug("seal {} anew: {}", name, anew.error().message);
  return anew.value_or("");
}

void reseal_scope(const ScopeState& scope, const Vault& vault, Proposal& proposal) {
  for (const auto& [name, kept] : scope.secrets) {
    if (proposal.changes.size() == kMostResealed) return;
    if (name == kSealingSecret.name) continue;
    std::string under = sealed_name_of(kept.value.name);
    for (const OwnSecret& own : {kGossipSecret, kExchangeSecret}) {
      if (name == own.name) under = own.sealed_under;
    }
    StoredSecret changed = kept.value;
    changed.sealed = other_seal(vault, under, kept.value.sealed);
    if (changed.sealed.empty()) continue;
    proposal.put(secret_key(scope.scope, name), changed, kept.revision);
  }
  for (const auto& [id, kept] : scope.certificates) {
    if (proposal.changes.size() == kMostResealed) return;
    ServerCertificate changed = kept.value;
    changed.sealed_key = other_seal(vault, sealed_key_name_of(id), kept.value.sealed_key);
    if (changed.sealed_key.empty()) continue;
    proposal.put(certificate_key(scope.scope, id), changed, kept.revision);
  }
}

}  // namespace

SealingKeys sealing_keys_of(const ClusterKeys& keys, const SealingKeys& others) {
  std::vector<SealingKey> all;
  for (const SealingKeyBytes& key : keys.sealing_keys) all.emplace_back(key);
  if (all.empty()) all.push_back(Vault::derive_key(keys.authority.key()));
  for (const SealingKey& key : others.all()) all.emplace_back(key.bytes());
  return SealingKeys(std::move(all));
}

std::string sealing_key_id(const SealingKeyBytes& key) {
  const std::string id = SealingKey(key).id();
  return to_hex(id.data(), id.size());
}

Result<SealingOffer> read_sealing_offer(const ScopeState& home, const Vault& vault) {
  SealingOffer offer;
  const Kept<StoredSecret>* const kept = find_own_secret(home, kSealingSecret);
  if (kept == nullptr) return offer;
  IK_LET(json, open_own_secret(*kept, vault, kSealingSecret));
  std::string key;
  JsonReader reader(json, "sealing key");
  reader.require("key", key);
  reader.require("isInUse", offer.is_in_use);
  IK_TRY(reader.done());
  IK_LET(bytes, parse_hex<sizeof(SealingKeyBytes)>(key).context("sealing key"));
  offer.key = bytes;
  offer.revision = kept->revision;
  return offer;
}

Result<Proposal> put_sealing_offer(const ScopeState& home,
                                   const Vault& vault,
                                   const SealingOffer& offer,
                                   Timestamp now) {
  const Json json = {{"key", to_hex(offer.key.data(), offer.key.size())},
                     {"isInUse", offer.is_in_use}};
  return put_own_secret(home, vault, kSealingSecret, json, now);
}

void remove_sealing_offer(const ScopeState& home, Proposal& proposal) {
  remove_own_secret(home, kSealingSecret, proposal);
}

ClusterKeys take_sealing_offer(const ClusterKeys& keys, const SealingOffer& offer) {
  ClusterKeys taken = keys;
  std::vector<SealingKeyBytes>& all = taken.sealing_keys;
  // That key goes with the authority's: from now on it is kept by itself.
  if (all.empty()) all.push_back(Vault::derive_key(keys.authority.key()).bytes());
  std::erase(all, offer.key);
  all.insert(offer.is_in_use ? all.begin() : all.end(), offer.key);
  return taken;
}

SealingStep plan_sealing(const SealingOffer& offer,
                         const ClusterKeys& own,
                         const std::vector<std::vector<std::string>>& managers) {
  // One of an older version has never told of any.
  if (std::ranges::any_of(managers, [](const auto& ids) { return ids.empty(); })) {
    return SealingStep::kNone;
  }
  if (offer.revision == 0) {
    return own.sealing_keys.empty() ? SealingStep::kOffer : SealingStep::kNone;
  }
  const std::string id = sealing_key_id(offer.key);
  const bool is_followed = std::ranges::all_of(managers, [&](const auto& ids) {
    return offer.is_in_use ? ids.front() == id : std::ranges::find(ids, id) != ids.end();
  });
  if (!is_followed) return SealingStep::kNone;
  return offer.is_in_use ? SealingStep::kForget : SealingStep::kUse;
}

Proposal plan_resealing(const State& state, const Vault& vault) {
  Proposal proposal;
  for (const auto& [text, scope] : state.scopes()) reseal_scope(scope, vault, proposal);
  return proposal;
}

}  // namespace ikada
