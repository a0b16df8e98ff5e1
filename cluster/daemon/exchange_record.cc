#include "cluster/daemon/exchange_record.h"

#include <utility>

namespace ikada {
namespace {

Json exchange_json(const ExchangeRecord& record) {
  const AuthorityExchange& exchange = record.exchange;
  Json json = {{"phase", to_text(exchange.phase)},
               {"from", exchange.from},
               {"to", exchange.to},
               {"storeTo", exchange.store_to},
               {"isForced", exchange.is_forced},
               {"roles", record.roles}};
  if (record.offered.has_value()) json["offered"] = to_json(*record.offered);
  return json;
}

}  // namespace

Result<ExchangeRecord> read_exchange(const ScopeState& home, const Vault& vault) {
  ExchangeRecord record;
  const Kept<StoredSecret>* const kept = find_own_secret(home, kExchangeSecret);
  if (kept == nullptr) return record;
  IK_LET(json, open_own_secret(*kept, vault, kExchangeSecret));
  std::string phase;
  JsonReader reader(json, "authorities");
  reader.require("phase", phase);
  reader.require("from", record.exchange.from);
  reader.require("to", record.exchange.to);
  reader.require("storeTo", record.exchange.store_to);
  reader.require("isForced", record.exchange.is_forced);
  reader.require("roles", record.roles);
  IK_TRY(reader.done());
  IK_LET(parsed, parse_exchange_phase(phase));
  record.exchange.phase = parsed;
  if (json.contains("offered")) {
    IK_LET(offered, parse_authorities(json["offered"], "authorities"));
    record.offered = std::move(offered);
  }
  record.revision = kept->revision;
  return record;
}

Result<Proposal> put_exchange(const ScopeState& home,
                              const Vault& vault,
                              const ExchangeRecord& record,
                              Timestamp now) {
  return put_own_secret(home, vault, kExchangeSecret, exchange_json(record), now);
}

void remove_exchange(const ScopeState& home, Proposal& proposal) {
  remove_own_secret(home, kExchangeSecret, proposal);
}

News authorities_news(const ClusterKeys& keys) {
  const Result<std::string> issuer = auth::authority_digest(keys.authority.certificate());
  return {.verb = std::string(kAuthoritiesVerb),
          .body = {{"trusted", trusted_authorities(keys)}, {"issuer", issuer.value_or("")}}};
}

Result<ToldAuthorities> parse_authorities_news(const Json& body) {
  ToldAuthorities told;
  JsonReader reader(body, kAuthoritiesVerb);
  reader.require("trusted", told.trusted);
  reader.require("issuer", told.issuer);
  IK_TRY(reader.done());
  if (told.trusted.empty() || authority_digests(told.trusted).size() != told.trusted.size()) {
    return make_error(ErrorKind::kInvalid, "authorities: not certificates");
  }
  return told;
}

}  // namespace ikada
