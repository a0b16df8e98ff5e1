#include "cluster/daemon/sealing_key.h"

#include <doctest/doctest.h>

#include "cluster/daemon/exchange_record.h"
#include "cluster/daemon/gossip_ring.h"

namespace ikada {
namespace {

constexpr std::int64_t kMadeSeconds = 1'800'000'000;
const Scope kSealingHome{.account = "1", .region = "r"};

SealingKeys no_others() { return SealingKeys(std::vector<SealingKey>()); }

// As one that was made before it had such a key.
ClusterKeys old_keys() {
  ClusterKeys keys = *create_cluster_keys(kMadeSeconds);
  keys.sealing_keys.clear();
  return keys;
}

Vault vault_of(const ClusterKeys& keys) { return Vault(sealing_keys_of(keys, no_others())); }

std::vector<std::string> ids_of(const ClusterKeys& keys) { return vault_of(keys).key_ids(); }

struct SealedState {
  State state;
  std::int64_t revision = 0;

  const ScopeState& home() const { return state.scope(kSealingHome); }
  void make(const Proposal& proposal) {
    ++revision;
    for (const RecordChange& each : proposal.changes) {
      REQUIRE(state.apply(each.key, each.value, revision).has_value());
    }
  }
  void put_secret(const Vault& vault, const std::string& name, const std::string& value) {
    Proposal proposal;
    proposal.put(secret_key(kSealingHome, name),
                 StoredSecret{.name = name, .sealed = *vault.seal(sealed_name_of(name), value)},
                 0);
    make(proposal);
  }
};

}  // namespace

TEST_CASE("a new cluster's sealing key is its own, and another for each") {
  const ClusterKeys keys = *create_cluster_keys(kMadeSeconds);
  REQUIRE(keys.sealing_keys.size() == 1);
  const std::string sealed = *vault_of(keys).seal("a", "secret");

  // Whoever has only the authority's key opens nothing.
  ClusterKeys authority_only = keys;
  authority_only.sealing_keys.clear();
  CHECK_FALSE(vault_of(authority_only).open("a", sealed).has_value());
  CHECK(create_cluster_keys(kMadeSeconds)->sealing_keys != keys.sealing_keys);
}

TEST_CASE("sealing keys are kept with the cluster's, and files without them are read") {
  const ClusterKeys keys = *create_cluster_keys(kMadeSeconds);
  CHECK(parse_cluster_keys(to_json(keys), "f")->sealing_keys == keys.sealing_keys);
  const ClusterKeys old = old_keys();
  CHECK_FALSE(to_json(old).contains("sealingKeys"));
  CHECK(parse_cluster_keys(to_json(old), "f")->sealing_keys.empty());
  Json broken = to_json(keys);
  broken["sealingKeys"] = {"00"};
  CHECK_FALSE(parse_cluster_keys(broken, "f").has_value());
}

TEST_CASE("an old cluster gets a key of its own when every manager has said that it has it") {
  const ClusterKeys old = old_keys();
  SealedState made;
  made.put_secret(vault_of(old), "db", "password");
  const SealingOffer none = *read_sealing_offer(made.home(), vault_of(old));
  CHECK(none.revision == 0);
  // One manager has not said anything: it may be of an older version.
  CHECK(plan_sealing(none, old, {ids_of(old), {}}) == SealingStep::kNone);
  CHECK(plan_sealing(none, old, {ids_of(old), ids_of(old)}) == SealingStep::kOffer);

  SealingOffer offer{.key = random_sealing_key()};
  made.make(*put_sealing_offer(made.home(), vault_of(old), offer, {1}));
  offer = *read_sealing_offer(made.home(), vault_of(old));
  const ClusterKeys known = take_sealing_offer(old, offer);
  CHECK(ids_of(known).front() == ids_of(old).front());
  CHECK(plan_sealing(offer, known, {ids_of(known), ids_of(old)}) == SealingStep::kNone);
  CHECK(plan_sealing(offer, known, {ids_of(known), ids_of(known)}) == SealingStep::kUse);

  offer.is_in_use = true;
  made.make(*put_sealing_offer(made.home(), vault_of(known), offer, {2}));
  offer = *read_sealing_offer(made.home(), vault_of(known));
  const ClusterKeys used = take_sealing_offer(known, offer);
  CHECK(used.sealing_keys.front() == offer.key);
  CHECK(take_sealing_offer(used, offer).sealing_keys == used.sealing_keys);
  CHECK(plan_sealing(offer, used, {ids_of(used), ids_of(known)}) == SealingStep::kNone);
  CHECK(plan_sealing(offer, used, {ids_of(used), ids_of(used)}) == SealingStep::kForget);

  Proposal over;
  remove_sealing_offer(made.home(), over);
  made.make(over);
  offer = *read_sealing_offer(made.home(), vault_of(used));
  CHECK(plan_sealing(offer, used, {ids_of(used), ids_of(used)}) == SealingStep::kNone);
  // What it has sealed before opens as ever.
  const std::string sealed = made.home().secrets.at("db").value.sealed;
  CHECK(vault_of(used).open(sealed_name_of("db"), sealed)->reveal() == "password");
}

TEST_CASE("what an old key has sealed is sealed anew, everything once") {
  const ClusterKeys old = old_keys();
  SealedState made;
  made.put_secret(vault_of(old), "db", "password");
  made.make(*put_gossip_ring(made.home(), vault_of(old), {.keys = {gossip::GossipKey{}}}, {1}));
  Proposal listener;
  listener.put(certificate_key(kSealingHome, "web"),
               ServerCertificate{.id = "web",
                                 .sealed_key = *vault_of(old).seal(sealed_key_name_of("web"), "k")},
               0);
  made.make(listener);
  const ExchangeRecord over{.exchange = {.from = "a", .to = "b", .store_to = "s"}};
  made.make(*put_exchange(made.home(), vault_of(old), over, {1}));
  const ClusterKeys used =
      take_sealing_offer(old, {.key = random_sealing_key(), .is_in_use = true});

  const Proposal anew = plan_resealing(made.state, vault_of(used));
  CHECK(anew.changes.size() == 4);
  made.make(anew);

  CHECK(plan_resealing(made.state, vault_of(used)).changes.empty());
  ClusterKeys own_only = used;
  own_only.sealing_keys.resize(1);
  const Vault vault = vault_of(own_only);
  const StoredSecret& secret = made.home().secrets.at("db").value;
  CHECK(vault.open(sealed_name_of("db"), secret.sealed)->reveal() == "password");
  CHECK(secret.version == 1);
  CHECK(read_gossip_ring(made.home(), vault)->keys.size() == 1);
  CHECK(read_exchange(made.home(), vault)->exchange.to == "b");
  CHECK(vault.open(sealed_key_name_of("web"), made.home().certificates.at("web").value.sealed_key)
            ->reveal() == "k");
}

TEST_CASE("what is no seal of ours stays as it is") {
  const ClusterKeys old = old_keys();
  SealedState made;
  made.put_secret(vault_of(old_keys()), "theirs", "password");
  CHECK(plan_resealing(made.state, vault_of(old)).changes.empty());
}

}  // namespace ikada
