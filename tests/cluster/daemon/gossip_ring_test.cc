#include "cluster/daemon/gossip_ring.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

Vault make_vault(std::string_view secret) {
  std::vector<SealingKey> keys;
  keys.push_back(Vault::derive_key(auth::Secret(std::string(secret))));
  return Vault(SealingKeys(std::move(keys)));
}

gossip::GossipKey key_of(std::uint8_t fill) {
  gossip::GossipKey key;
  key.fill(fill);
  return key;
}

// The state that follows from the proposal.
State state_after(const Proposal& proposal) {
  State state;
  for (const RecordChange& each : proposal.changes) {
    REQUIRE(state.apply(each.key, each.value, 9).has_value());
  }
  return state;
}

const Scope kHome{.account = "1", .region = "r"};

ScopeState empty_home() {
  ScopeState home;
  home.scope = kHome;
  return home;
}

}  // namespace

TEST_CASE("keys of gossip rest sealed, and open for managers of this cluster alone") {
  const Vault vault = make_vault("ours");
  const GossipRing ring{.keys = {key_of(0xab), key_of(2)}, .next = "00000001"};

  const Result<Proposal> proposal = put_gossip_ring(empty_home(), vault, ring, {7});
  REQUIRE(proposal.has_value());
  REQUIRE(proposal->changes.size() == 1);
  CHECK(proposal->changes[0].value->find("abab") == std::string::npos);
  CHECK(is_gossip_ring(*parse_record_key(proposal->changes[0].key)));
  const State state = state_after(*proposal);
  const Result<GossipRing> read = read_gossip_ring(state.scope(kHome), vault);
  REQUIRE(read.has_value());
  CHECK(read->keys == ring.keys);
  CHECK(read->next == ring.next);
  CHECK(read->revision == 9);
  CHECK_FALSE(read_gossip_ring(state.scope(kHome), make_vault("theirs")).has_value());
  // No task can have it as a secret of its own.
  const StoredSecret& secret = state.scope(kHome).secrets.at(std::string(kGossipSecret.name)).value;
  CHECK_FALSE(vault.open(sealed_name_of(secret.name), secret.sealed).has_value());
  CHECK_FALSE(is_secret_name(secret.name));

  Proposal removed;
  remove_gossip_ring(state.scope(kHome), removed);
  CHECK(removed.changes.size() == 1);
}

TEST_CASE("keys are arranged as the ring has them") {
  const std::vector<gossip::GossipKey> keys = {key_of(1), key_of(2), key_of(3)};
  const std::vector<std::string> ids = gossip_key_ids(keys);
  const GossipRing arranged = arrange_keys(keys, {.ids = {ids[2], ids[0]}, .next = ids[2]});
  CHECK(arranged.keys == std::vector<gossip::GossipKey>{key_of(3), key_of(1)});
  CHECK(arranged.ring() == KeyRing{.ids = {ids[2], ids[0]}, .next = ids[2]});
}

TEST_CASE("nodes are told of the record") {
  const Vault vault = make_vault("ours");
  CHECK_FALSE(gossip_keys_news(empty_home(), &vault).has_value());
  CHECK(read_gossip_ring(empty_home(), vault)->revision == 0);
  const State state =
      state_after(*put_gossip_ring(empty_home(), vault, {.keys = {key_of(3)}}, {7}));

  const std::optional<News> news = gossip_keys_news(state.scope(kHome), &vault);
  REQUIRE(news.has_value());
  const Result<GossipRing> told = parse_gossip_keys(news->body);
  REQUIRE(told.has_value());
  CHECK(told->keys == std::vector<gossip::GossipKey>{key_of(3)});
  CHECK(told->revision == 9);
  const Vault stranger = make_vault("theirs");
  CHECK_FALSE(gossip_keys_news(state.scope(kHome), &stranger).has_value());
  CHECK_FALSE(gossip_keys_news(state.scope(kHome), nullptr).has_value());
}

TEST_CASE("what a node is told of keys is checked") {
  const std::string key(64, 'a');
  CHECK(parse_gossip_keys({{"keys", {key}}, {"revision", 1}}).has_value());
  CHECK_FALSE(parse_gossip_keys({{"keys", Json::array()}, {"revision", 1}}).has_value());
  CHECK_FALSE(parse_gossip_keys({{"keys", {"aa"}}, {"revision", 1}}).has_value());
  CHECK_FALSE(parse_gossip_keys({{"keys", {key, key, key, key}}, {"revision", 1}}).has_value());
  CHECK_FALSE(parse_gossip_keys({{"keys", {key}}}).has_value());
}

}  // namespace ikada
