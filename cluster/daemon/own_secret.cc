#include "cluster/daemon/own_secret.h"

#include <utility>

#include "cluster/state/record_key.h"

namespace ikada {

const Kept<StoredSecret>* find_own_secret(const ScopeState& home, const OwnSecret& secret) {
  const auto found = home.secrets.find(secret.name);
  return found == home.secrets.end() ? nullptr : &found->second;
}

Result<Json> open_own_secret(const Kept<StoredSecret>& kept,
                             const Vault& vault,
                             const OwnSecret& secret) {
  IK_LET(text,
         vault.open(secret.sealed_under, kept.value.sealed).context("{}", secret.sealed_under));
  return parse_json(text.reveal()).context("{}", secret.sealed_under);
}

Result<Proposal> put_own_secret(const ScopeState& home,
                                const Vault& vault,
                                const OwnSecret& secret,
                                const Json& json,
                                Timestamp now) {
  const auth::Secret text(json.dump());
  IK_LET(sealed, vault.seal(secret.sealed_under, text.reveal()));
  const Kept<StoredSecret>* const kept = find_own_secret(home, secret);
  const StoredSecret record{.name = std::string(secret.name),
                            .sealed = std::move(sealed),
                            .created_at = kept == nullptr ? now : kept->value.created_at,
                            .changed_at = now,
                            .version = kept == nullptr ? 1 : kept->value.version + 1};
  Proposal proposal;
  proposal.put(secret_key(home.scope, secret.name), record, kept == nullptr ? 0 : kept->revision);
  return proposal;
}

void remove_own_secret(const ScopeState& home, const OwnSecret& secret, Proposal& proposal) {
  const Kept<StoredSecret>* const kept = find_own_secret(home, secret);
  if (kept != nullptr) proposal.remove(secret_key(home.scope, secret.name), kept->revision);
}

}  // namespace ikada
