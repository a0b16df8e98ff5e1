// The keys of gossip (cluster/gossip/keyring.h) as all managers know them: a secret of the
// cluster's own (cluster/model/stored_secret.h) that no user's can be, sealed as those are. Without
// it the keys are those that the cluster was made with.
//
// What goes over the links of nodes:
//
//   manager → node   {"tell": "gossip-keys", "body": {"keys": [hexadecimal], "revision"}}
//   node → manager   {"ask": "gossip-keys", "body": {"ids": [...]}}: those that it has
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/api/outcome.h"
#include "cluster/api/vault.h"
#include "cluster/daemon/own_secret.h"
#include "cluster/gossip/keyring.h"
#include "cluster/node/frames.h"
#include "cluster/node/key_rotation.h"
#include "cluster/state/state.h"

namespace ikada {

inline constexpr std::string_view kGossipKeysVerb = "gossip-keys";
inline constexpr OwnSecret kGossipSecret{.name = "~gossip-keys", .sealed_under = "gossip keys"};

struct GossipRing {
  std::vector<gossip::GossipKey> keys;  // The one in use first.
  std::optional<std::string> next = {};
  std::int64_t revision = 0;  // Of the record; 0: there is none.

  KeyRing ring() const;
};

// Eight hexadecimal digits each.
std::vector<std::string> gossip_key_ids(const std::vector<gossip::GossipKey>& keys);

// The keys of that ring, all of which are among `keys`.
GossipRing arrange_keys(const std::vector<gossip::GossipKey>& keys, const KeyRing& ring);

// Revision 0 without a record; kNotFound and others for one that does not open.
Result<GossipRing> read_gossip_ring(const ScopeState& home, const Vault& vault);
Result<Proposal> put_gossip_ring(const ScopeState& home,
                                 const Vault& vault,
                                 const GossipRing& ring,
                                 Timestamp now);
// For a cluster that is made anew.
void remove_gossip_ring(const ScopeState& home, Proposal& proposal);
// Whether a record of this key is that one.
bool is_gossip_ring(const RecordKey& key);

// Nothing without a record, or one that does not open.
std::optional<News> gossip_keys_news(const ScopeState& home, const Vault* vault);
Result<GossipRing> parse_gossip_keys(const Json& body);

}  // namespace ikada
