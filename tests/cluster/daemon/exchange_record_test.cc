#include "cluster/daemon/exchange_record.h"

#include <doctest/doctest.h>

#include "cluster/daemon/sealing_key.h"
#include "cluster/state/record_key.h"

namespace ikada {

TEST_CASE("an exchange rests sealed, and its new keys are in it in the first phase only") {
  const Scope scope{.account = "1", .region = "r"};
  const ClusterKeys keys = *create_cluster_keys(1'800'000'000);
  const Vault vault(sealing_keys_of(keys, SealingKeys(std::vector<SealingKey>())));
  const NewAuthorities offered = *create_authorities(keys.cluster, 1'800'000'000);
  State state;
  ScopeState empty;
  empty.scope = scope;
  CHECK(read_exchange(empty, vault)->revision == 0);

  ExchangeRecord record{.exchange = {.phase = ExchangePhase::kTrust,
                                     .from = "old",
                                     .to = "new",
                                     .store_to = "s2",
                                     .is_forced = true},
                        .offered = offered,
                        .roles = {"worker"}};
  const Proposal put = *put_exchange(empty, vault, record, {7});
  REQUIRE(put.changes.size() == 1);
  CHECK(put.changes[0].value->find("BEGIN") == std::string::npos);
  REQUIRE(state.apply(put.changes[0].key, put.changes[0].value, 9).has_value());
  const Result<ExchangeRecord> read = read_exchange(state.scope(scope), vault);
  REQUIRE(read.has_value());
  CHECK(read->exchange.phase == ExchangePhase::kTrust);
  CHECK(read->exchange.is_forced);
  CHECK(read->roles == std::vector<std::string>{"worker"});
  CHECK(to_json(*read->offered) == to_json(offered));
  CHECK_FALSE(is_secret_name(kExchangeSecret.name));
  // Nobody seals it anew under a user's name.
  CHECK(plan_resealing(state, vault).changes.empty());

  Proposal removed;
  remove_exchange(state.scope(scope), removed);
  CHECK(removed.changes.size() == 1);
}

TEST_CASE("nodes are told whom to trust, and take nothing else for certificates") {
  ClusterKeys keys = *create_cluster_keys(1'800'000'000);
  keys.next = *create_authorities(keys.cluster, 1'800'000'000);

  const Result<ToldAuthorities> told = parse_authorities_news(authorities_news(keys).body);
  REQUIRE(told.has_value());
  CHECK(told->trusted == trusted_authorities(keys));
  CHECK(told->issuer == *auth::authority_digest(keys.authority.certificate()));
  CHECK_FALSE(parse_authorities_news({{"trusted", Json::array()}, {"issuer", "a"}}).has_value());
  CHECK_FALSE(parse_authorities_news({{"trusted", {"x"}}, {"issuer", "a"}}).has_value());
}

}  // namespace ikada
