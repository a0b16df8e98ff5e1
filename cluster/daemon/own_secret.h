// Secrets of the cluster's own (cluster/model/stored_secret.h), which all managers know: JSON,
// sealed as users' secrets are, by names that no user's can have.
#pragma once

#include <string_view>

#include "cluster/api/outcome.h"
#include "cluster/api/vault.h"
#include "cluster/state/state.h"
#include "runtime/base/json.h"

namespace ikada {

struct OwnSecret {
  std::string_view name;          // Of its record.
  std::string_view sealed_under;  // Of no user's secret; also what errors call it.
};

// Null if there is none.
const Kept<StoredSecret>* find_own_secret(const ScopeState& home, const OwnSecret& secret);

// kNotFound and others for one that does not open.
Result<Json> open_own_secret(const Kept<StoredSecret>& kept,
                             const Vault& vault,
                             const OwnSecret& secret);

Result<Proposal> put_own_secret(const ScopeState& home,
                                const Vault& vault,
                                const OwnSecret& secret,
                                const Json& json,
                                Timestamp now);

void remove_own_secret(const ScopeState& home, const OwnSecret& secret, Proposal& proposal);

}  // namespace ikada
