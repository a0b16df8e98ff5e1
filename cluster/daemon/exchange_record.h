// The exchange of the cluster's authorities (cluster/node/authority_exchange.h) as all managers
// know it: a secret of the cluster's own that no user's can be, sealed as those are. The new
// authorities' keys are in it in the first phase only; when it is over it says who came of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/api/outcome.h"
#include "cluster/api/vault.h"
#include "cluster/daemon/own_secret.h"
#include "cluster/node/authority_exchange.h"
#include "cluster/node/frames.h"
#include "cluster/state/state.h"

namespace ikada {

inline constexpr OwnSecret kExchangeSecret{.name = "~authorities", .sealed_under = "authorities"};
inline constexpr std::string_view kAuthoritiesVerb = "authorities";
inline constexpr std::string_view kRestartStoreVerb = "restart-store";

struct ExchangeRecord {
  AuthorityExchange exchange;
  std::optional<NewAuthorities> offered = {};
  std::vector<std::string> roles = {};  // Whose join tokens become void.
  std::int64_t revision = 0;            // Of the record; 0: there is none.
};

Result<ExchangeRecord> read_exchange(const ScopeState& home, const Vault& vault);
Result<Proposal> put_exchange(const ScopeState& home,
                              const Vault& vault,
                              const ExchangeRecord& record,
                              Timestamp now);
// For a cluster that is made anew.
void remove_exchange(const ScopeState& home, Proposal& proposal);

// What nodes are told: {"tell": "authorities", "body": {"trusted": [PEM], "issuer": digest}}.
struct ToldAuthorities {
  std::vector<std::string> trusted;
  std::string issuer;
};
News authorities_news(const ClusterKeys& keys);
Result<ToldAuthorities> parse_authorities_news(const Json& body);

}  // namespace ikada
