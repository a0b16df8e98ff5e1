#include "cluster/daemon/gossip_ring.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/node/membership.h"
#include "runtime/base/random_id.h"

namespace ikada {
namespace {

std::string id_text(const gossip::GossipKey& key) {
  return fmt::format("{:08x}", gossip::key_id(key));
}

Json hex_of_keys(const std::vector<gossip::GossipKey>& keys) {
  Json list = Json::array();
  for (const gossip::GossipKey& key : keys) list.push_back(to_hex(key.data(), key.size()));
  return list;
}

Result<std::vector<gossip::GossipKey>> parse_keys(const std::vector<std::string>& texts) {
  std::vector<gossip::GossipKey> keys;
  for (const std::string& text : texts) {
    IK_LET(key, parse_hex<sizeof(gossip::GossipKey)>(text).context("gossip keys"));
    keys.push_back(key);
  }
  if (keys.empty() || keys.size() > gossip::kMaxKeys) {
    return make_error(ErrorKind::kInvalid, "gossip keys: there are {}", keys.size());
  }
  return keys;
}

}  // namespace

KeyRing GossipRing::ring() const { return {.ids = gossip_key_ids(keys), .next = next}; }

std::vector<std::string> gossip_key_ids(const std::vector<gossip::GossipKey>& keys) {
  std::vector<std::string> ids;
  ids.reserve(keys.size());
  for (const gossip::GossipKey& key : keys) ids.push_back(id_text(key));
  return ids;
}

GossipRing arrange_keys(const std::vector<gossip::GossipKey>& keys, const KeyRing& ring) {
  GossipRing arranged{.keys = {}, .next = ring.next};
  for (const std::string& id : ring.ids) {
    const auto found = std::ranges::find_if(
        keys, [&](const gossip::GossipKey& key) { return id_text(key) == id; });
    if (found != keys.end()) arranged.keys.push_back(*found);
  }
  return arranged;
}

Result<GossipRing> read_gossip_ring(const ScopeState& home, const Vault& vault) {
  GossipRing ring;
  const Kept<StoredSecret>* const kept = find_own_secret(home, kGossipSecret);
  if (kept == nullptr) return ring;
  IK_LET(json, open_own_secret(*kept, vault, kGossipSecret));
  std::vector<std::string> texts;
  JsonReader reader(json, "gossip keys");
  reader.require("keys", texts);
  reader.read("next", ring.next);
  IK_TRY(reader.done());
  IK_LET(keys, parse_keys(texts));
  ring.keys = std::move(keys);
  ring.revision = kept->revision;
  return ring;
}

Result<Proposal> put_gossip_ring(const ScopeState& home,
                                 const Vault& vault,
                                 const GossipRing& ring,
                                 Timestamp now) {
  Json json = {{"keys", hex_of_keys(ring.keys)}};
  if (ring.next.has_value()) json["next"] = *ring.next;
  return put_own_secret(home, vault, kGossipSecret, json, now);
}

void remove_gossip_ring(const ScopeState& home, Proposal& proposal) {
  remove_own_secret(home, kGossipSecret, proposal);
}

bool is_gossip_ring(const RecordKey& key) {
  return key.kind == RecordKind::kSecret && key.first == kGossipSecret.name;
}

std::optional<News> gossip_keys_news(const ScopeState& home, const Vault* vault) {
  if (vault == nullptr) return std::nullopt;
  const Result<GossipRing> ring = read_gossip_ring(home, *vault);
  if (!ring.has_value()) {
    spdlog::error("{}", ring.error().message);
    return std::nullopt;
  }
  if (ring->revision == 0) return std::nullopt;
  return News{.verb = std::string(kGossipKeysVerb),
              .body = {{"keys", hex_of_keys(ring->keys)}, {"revision", ring->revision}}};
}

Result<GossipRing> parse_gossip_keys(const Json& body) {
  GossipRing told;
  std::vector<std::string> texts;
  JsonReader reader(body, kGossipKeysVerb);
  reader.require("keys", texts);
  reader.require("revision", told.revision);
  IK_TRY(reader.done());
  IK_LET(keys, parse_keys(texts));
  told.keys = std::move(keys);
  return told;
}

}  // namespace ikada
