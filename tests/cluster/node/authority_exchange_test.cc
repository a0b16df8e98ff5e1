#include "cluster/node/authority_exchange.h"

#include <algorithm>
#include <random>

#include <doctest/doctest.h>

namespace ikada {
namespace {

using Names = std::vector<std::string>;

constexpr std::int64_t kExchangeSeconds = 1'800'000'000;

AuthorityExchange exchange_in(ExchangePhase phase, bool is_forced = false) {
  return {.phase = phase, .from = "old", .to = "new", .store_to = "s2", .is_forced = is_forced};
}

HeldKeys held_in(ExchangePhase phase) {
  switch (phase) {
    case ExchangePhase::kNone:
      return {.trusted = {"old"}, .issuer = "old"};
    case ExchangePhase::kTrust:
      return {.trusted = {"old", "new"}, .issuer = "old"};
    case ExchangePhase::kRenew:
      return {.trusted = {"new", "old"}, .issuer = "new"};
    case ExchangePhase::kForget:
      return {.trusted = {"new"}, .issuer = "new"};
  }
  return {};
}

HeldKeys with_store(HeldKeys held, Names trusted, std::string issuer) {
  held.has_store = true;
  held.store_trusted = std::move(trusted);
  held.store_issuer = std::move(issuer);
  return held;
}

std::string digest_of(const auth::CertificateAuthority& authority) {
  return *auth::authority_digest(authority.certificate());
}

}  // namespace

TEST_CASE("each phase of an exchange waits for every node that has not followed") {
  for (const ExchangePhase phase :
       {ExchangePhase::kTrust, ExchangePhase::kRenew, ExchangePhase::kForget}) {
    CAPTURE(to_text(phase));
    const auto before = static_cast<ExchangePhase>(static_cast<int>(phase) - 1);
    const ExchangeHost done{.id = "1", .name = "a", .held = held_in(phase)};
    const ExchangeHost late{.id = "2", .name = "b", .held = held_in(before)};
    const ExchangeHost silent{.id = "3", .name = "c"};

    const ExchangePlan waits = plan_exchange(exchange_in(phase), {done, late, silent}, "1");
    CHECK_FALSE(waits.is_step);
    CHECK(waits.waits_for == Names{"b", "c"});
    CHECK(plan_exchange(exchange_in(phase), {done, done}, "1").is_step);
  }
  CHECK_FALSE(plan_exchange(exchange_in(ExchangePhase::kNone), {}, "").is_step);
}

TEST_CASE("a node that is away is waited for by name, unless the exchange is forced") {
  const ExchangeHost done{.id = "1", .name = "a", .held = held_in(ExchangePhase::kTrust)};
  const ExchangeHost away{.id = "2", .name = "b", .is_away = true};

  CHECK(plan_exchange(exchange_in(ExchangePhase::kTrust), {done, away}, "1").waits_for ==
        Names{"b (away)"});
  CHECK(plan_exchange(exchange_in(ExchangePhase::kTrust, true), {done, away}, "1").is_step);
  // By then it has its new certificate, and hears of the rest when it is back.
  const ExchangeHost forgets{.id = "1", .name = "a", .held = held_in(ExchangePhase::kForget)};
  CHECK(plan_exchange(exchange_in(ExchangePhase::kForget), {forgets, away}, "1").is_step);
}

TEST_CASE("while a manager is away no member of etcd is started anew, unless that is forced") {
  const HeldKeys done = with_store(held_in(ExchangePhase::kForget), {"s2", "s1"}, "s2");
  const ExchangeHost leader{.id = "1", .name = "a", .is_manager = true, .held = done};
  ExchangeHost away{.id = "2", .name = "b", .is_manager = true, .is_away = true};

  const ExchangePlan waits =
      plan_exchange(exchange_in(ExchangePhase::kForget), {leader, away}, "1");
  CHECK(waits.restarts.empty());
  CHECK(waits.waits_for == Names{"b (away)"});

  const ExchangePlan forced =
      plan_exchange(exchange_in(ExchangePhase::kForget, true), {leader, away}, "1");
  CHECK(forced.restarts == Names{"1"});
  CHECK(forced.waits_for == Names{"a"});
  // One that has just been lost counts, too.
  away.is_away = false;
  CHECK(plan_exchange(exchange_in(ExchangePhase::kForget, true), {leader, away}, "1")
            .restarts.empty());
  // A worker has no part in it.
  const ExchangeHost worker{.id = "3", .name = "c", .is_away = true};
  CHECK(plan_exchange(exchange_in(ExchangePhase::kForget), {leader, worker}, "1").restarts ==
        Names{"1"});
}

TEST_CASE("members of etcd are started anew where the rest is done, the leader's last") {
  const AuthorityExchange trust = exchange_in(ExchangePhase::kTrust);
  const ExchangeHost leader{
      .id = "1", .name = "a", .held = with_store(held_in(ExchangePhase::kTrust), {"s1"}, "s1")};
  const ExchangeHost other{
      .id = "2", .name = "b", .held = with_store(held_in(ExchangePhase::kTrust), {"s1"}, "s1")};
  const ExchangeHost late{
      .id = "3", .name = "c", .held = with_store(held_in(ExchangePhase::kNone), {"s1"}, "s1")};

  const ExchangePlan plan = plan_exchange(trust, {leader, other, late}, "1");
  CHECK(plan.restarts == Names{"2", "1"});
  CHECK(plan.waits_for == Names{"a", "b", "c"});

  ExchangeHost started = other;
  started.held.store_trusted = {"s1", "s2"};
  CHECK(plan_exchange(trust, {leader, started}, "1").restarts == Names{"1"});
  // Both are trusted; in the last phase the new one alone is to be, after another start.
  started.held = with_store(held_in(ExchangePhase::kForget), {"s2", "s1"}, "s2");
  CHECK(plan_exchange(exchange_in(ExchangePhase::kForget), {started}, "1").restarts == Names{"2"});
  // Its certificates are read at each handshake: no start for them.
  started.held = with_store(held_in(ExchangePhase::kRenew), {"s1", "s2"}, "s1");
  const ExchangePlan renew = plan_exchange(exchange_in(ExchangePhase::kRenew), {started}, "1");
  CHECK(renew.restarts.empty());
  CHECK(renew.waits_for == Names{"b"});
}

// Hosts follow in any order and at any time; whoever leads sees what they have said so far.
TEST_CASE("at no moment of an exchange does a host refuse another one") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    AuthorityExchange exchange = exchange_in(ExchangePhase::kTrust);
    std::vector<ExchangeHost> hosts(5);
    for (size_t host = 0; host < hosts.size(); ++host) {
      hosts[host] = {
          .id = std::to_string(host), .name = "h", .held = held_in(ExchangePhase::kNone)};
    }
    std::vector<HeldKeys> real(hosts.size(), held_in(ExchangePhase::kNone));
    int rounds = 0;
    while (exchange.phase != ExchangePhase::kNone && ++rounds < 1000) {
      const size_t host = random() % hosts.size();
      switch (random() % 3) {
        case 0:
          real[host] = held_in(exchange.phase);
          break;
        case 1:
          hosts[host].held = real[host];
          break;
        default:
          // Another leader knows nothing of what was said.
          if (random() % 8 == 0) hosts[host].held = {};
      }
      if (plan_exchange(exchange, hosts, "0").is_step) exchange.phase = next_phase(exchange.phase);
      for (const HeldKeys& one : real) {
        for (const HeldKeys& other : real) {
          REQUIRE(std::ranges::find(one.trusted, other.issuer) != one.trusted.end());
        }
      }
    }
    CHECK(exchange.phase == ExchangePhase::kNone);
    CHECK(std::ranges::all_of(real, [](const HeldKeys& held) { return held.trusted.size() == 1; }));
  }
}

TEST_CASE("a manager's keys follow the exchange, again and again, and their file keeps that") {
  ClusterKeys keys = *create_cluster_keys(kExchangeSeconds);
  keys.sealing_keys.push_back(random_sealing_key());
  const NewAuthorities offered = *create_authorities(keys.cluster, kExchangeSeconds);
  AuthorityExchange exchange{.phase = ExchangePhase::kTrust,
                             .from = digest_of(keys.authority),
                             .to = digest_of(offered.authority),
                             .store_to = digest_of(offered.store_authority)};
  const auto follow = [&](const ClusterKeys& from) {
    const ClusterKeys once = *follow_exchange(from, exchange, offered);
    const ClusterKeys kept = *parse_cluster_keys(to_json(once), "f");
    CHECK(to_json(*follow_exchange(kept, exchange, offered)) == to_json(once));
    return kept;
  };

  const ClusterKeys trust = follow(keys);
  CHECK(authority_digests(trusted_authorities(trust)) == Names{exchange.from, exchange.to});
  exchange.phase = ExchangePhase::kRenew;
  const ClusterKeys renew = follow(trust);
  CHECK(authority_digests(trusted_authorities(renew)) == Names{exchange.to, exchange.from});
  CHECK(authority_digests(trusted_store_authorities(renew)).front() == exchange.store_to);
  CHECK(to_json(renew).dump().find("next") == std::string::npos);
  exchange.phase = ExchangePhase::kForget;
  const ClusterKeys forget = follow(renew);
  CHECK(authority_digests(trusted_authorities(forget)) == Names{exchange.to});
  CHECK(forget.sealing_keys.size() == 1);
  CHECK(forget.sealing_keys.front() == keys.sealing_keys.front());
  exchange.phase = ExchangePhase::kNone;
  CHECK(to_json(follow(forget)) == to_json(forget));
  // One that was away in the last phase.
  CHECK(to_json(follow(renew)) == to_json(forget));
}

TEST_CASE("a manager that has missed an exchange is told so") {
  const ClusterKeys keys = *create_cluster_keys(kExchangeSeconds);
  const AuthorityExchange exchange{
      .phase = ExchangePhase::kRenew, .from = "x", .to = "y", .store_to = "z"};

  const Result<ClusterKeys> missed = follow_exchange(keys, exchange, std::nullopt);
  REQUIRE_FALSE(missed.has_value());
  CHECK(missed.error().kind == ErrorKind::kDenied);
  CHECK(missed.error().message.find("join again") != std::string::npos);
  CHECK_FALSE(follow_exchange(keys, exchange_in(ExchangePhase::kTrust), std::nullopt).has_value());
  CHECK(follow_exchange(keys, {}, std::nullopt).has_value());
}

TEST_CASE("a certificate of whichever authority counts is taken, of another one not") {
  const ClusterKeys keys = *create_cluster_keys(kExchangeSeconds);
  const NewAuthorities next = *create_authorities(keys.cluster, kExchangeSeconds);
  const auth::Secret key = auth::generate_private_key();
  const std::string request = *auth::create_certificate_request(key);
  const std::string node(32, 'a');
  const std::string certificate = *next.authority.issue(
      request, {.identity = {.cluster = keys.cluster, .node = node}, .now_s = kExchangeSeconds});
  const std::string& before = keys.authority.certificate();
  const std::string& after = next.authority.certificate();
  const NodeCredentials own{.authority = before, .certificate = "", .key = key};

  const Result<NodeCredentials> taken = with_certificate(own, certificate, {before, after});
  REQUIRE(taken.has_value());
  CHECK(taken->authority == after);
  CHECK(taken->others == Names{before});
  CHECK(with_certificate(own, certificate, {after, after})->others.empty());
  CHECK(with_certificate(own, certificate, {before}).error().kind == ErrorKind::kDenied);
}

TEST_CASE("phases have names, and what a host holds is told whole") {
  for (const char* text : {"", "trust", "renew", "forget"}) {
    CHECK(to_text(*parse_exchange_phase(text)) == text);
  }
  CHECK_FALSE(parse_exchange_phase("over").has_value());
  const HeldKeys held = with_store(held_in(ExchangePhase::kTrust), {"s1", "s2"}, "s1");
  CHECK(*parse_held_keys(to_json(held)) == held);
  CHECK_FALSE(parse_held_keys({{"trusted", 1}}).has_value());
}

}  // namespace ikada
