// The part of cluster_member.h that is about the keys of gossip: what this host has, and, on the
// leading manager, their exchange (cluster/node/key_rotation.h).
#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/api/vault.h"
#include "cluster/daemon/cluster_member.h"
#include "cluster/daemon/gossip_ring.h"
#include "cluster/state/record_key.h"
#include "runtime/base/clock.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

// Whoever has been away for less may be on its way back, or not yet known to a new leader.
constexpr std::chrono::seconds kAway{5};

Error no_ring_manager() {
  return make_error(ErrorKind::kUnavailable, "the leading manager changes, try again");
}

}  // namespace

void ClusterMember::take_keys(const std::vector<gossip::GossipKey>& keys, std::int64_t revision) {
  if (revision < keys_revision_) return;
  keys_revision_ = revision;
  wanted_keys_ = keys;
  if (wanted_keys_ != membership_.gossip.packet_keys) return use_wanted_keys();
  report_keys();
}

// Kept first: whoever is told that this host has them relies on it.
Result<void> ClusterMember::keep_keys(const std::vector<gossip::GossipKey>& keys) {
  Membership changed = membership_;
  changed.gossip.packet_keys = keys;
  if (keys_.has_value()) {
    ClusterKeys authority = *keys_;
    authority.packet_keys = keys;
    IK_TRY(store_cluster_keys(keys_path_, authority));
  }
  IK_TRY(store_membership(path_, changed));
  IK_TRY(gossip_->set_keys(keys));
  if (keys_.has_value()) keys_->packet_keys = keys;
  membership_ = std::move(changed);
  return {};
}

// Again with the next tick if it fails.
void ClusterMember::use_wanted_keys() {
  const gossip::GossipKey before = membership_.gossip.packet_keys.front();
  const Result<void> kept = keep_keys(wanted_keys_);
  const std::string complaint = kept.has_value() ? "" : kept.error().message;
  if (std::exchange(keys_complaint_, complaint) != complaint && !complaint.empty()) {
    spdlog::error("gossip keys: {}, retrying", complaint);
  }
  if (!kept.has_value()) return;
  spdlog::info("gossip keys={}", join(gossip_key_ids(wanted_keys_), ","));
  report_keys();
  // The others did not understand this host for a while.
  if (std::ranges::find(wanted_keys_, before) == wanted_keys_.end()) join_gossip();
}

void ClusterMember::take_keys_news(const Json& body) {
  const Result<GossipRing> told = parse_gossip_keys(body);
  if (!told.has_value()) return spdlog::warn("{}", told.error().message);
  take_keys(told->keys, told->revision);
}

void ClusterMember::report_keys() {
  if (!is_connected()) return;
  link_->ask(std::string(kGossipKeysVerb),
             {{"ids", gossip_key_ids(membership_.gossip.packet_keys)}},
             [](const Result<Json>&) {});
}

// A manager has them from its own state; whoever leads goes on with their exchange.
void ClusterMember::look_at_keys() {
  const ScopeState& home = manager_->home();
  const std::shared_ptr<const Vault> vault = manager_->api().options().vault;
  if (vault == nullptr) return;
  const Result<GossipRing> kept = read_gossip_ring(home, *vault);
  const std::string complaint = kept.has_value() ? "" : kept.error().message;
  if (std::exchange(ring_complaint_, complaint) != complaint && !complaint.empty()) {
    spdlog::error("{}", complaint);
  }
  if (!kept.has_value() || kept->revision == 0) return;
  if (kept->revision > keys_revision_) take_keys(kept->keys, kept->revision);
  if (!manager_->leads() || is_proposing_) return;
  const KeyRing ring = kept->ring();
  const RotationStep step = plan_rotation(ring, key_holders());
  if (!step.ring.has_value()) return;
  spdlog::info(
      "gossip keys={} on all hosts, now keys={}", join(ring.ids, ","), join(step.ring->ids, ","));
  const Result<Proposal> proposal =
      put_gossip_ring(home, *vault, arrange_keys(kept->keys, *step.ring), {unix_now() / 1'000'000});
  if (proposal.has_value()) propose(*proposal);
}

// As far as the leading manager can know.
bool ClusterMember::is_away(const std::string& node) const {
  if (node == membership_.identity.node) return false;
  const std::optional<NodeAbsence> absence = nodes_->absence(node);
  if (!absence.has_value()) return false;
  const std::optional<gossip::Status> status = gossip_->status(node);
  const bool lives = status == gossip::Status::kAlive || status == gossip::Status::kSuspect;
  return !lives && std::chrono::steady_clock::now() - absence->since > kAway;
}

// Those who live.
std::vector<RingHolder> ClusterMember::key_holders() const {
  std::vector<RingHolder> holders;
  for (const auto& [id, node] : manager_->home().nodes) {
    RingHolder holder{.name = node.value.name};
    if (id == membership_.identity.node) {
      holder.ids = gossip_key_ids(membership_.gossip.packet_keys);
    } else {
      if (is_away(id)) continue;
      holder.ids = nodes_->gossip_keys_of(id);
    }
    holders.push_back(std::move(holder));
  }
  return holders;
}

void ClusterMember::rotate_key(const Asked& then) {
  if (manager_ == nullptr || !manager_->leads()) return then(no_ring_manager());
  const std::shared_ptr<const Vault> vault = manager_->api().options().vault;
  if (vault == nullptr) return then(no_ring_manager());
  const ScopeState& home = manager_->home();
  Result<GossipRing> kept = read_gossip_ring(home, *vault);
  if (!kept.has_value()) return then(kept.error());
  if (kept->revision == 0) kept->keys = keys_->packet_keys;
  const std::string before = gossip_key_ids(kept->keys).front();
  const gossip::GossipKey key = gossip::random_gossip_key();
  const std::string id = gossip_key_ids({key}).front();
  const Result<KeyRing> begun = begin_rotation(kept->ring(), id);
  if (!begun.has_value()) return then(begun.error());
  kept->keys.push_back(key);
  const Result<Proposal> proposal =
      put_gossip_ring(home, *vault, arrange_keys(kept->keys, *begun), {unix_now() / 1'000'000});
  if (!proposal.has_value()) return then(proposal.error());
  manager_->api().propose(*proposal, [id, before, then](bool made) {
    if (!made) {
      return then(
          make_error(ErrorKind::kUnavailable, "the new key could not be stored, try again"));
    }
    spdlog::info("gossip key {} is made", id);
    then(Json{{"key", id}, {"before", before}});
  });
}

void ClusterMember::key_rotation(const Asked& then) const {
  if (manager_ == nullptr || !manager_->leads()) return then(no_ring_manager());
  const KeyRing ring = known_ring();
  const std::vector<RingHolder> holders = key_holders();
  then(Json{{"key", ring.ids.front()},
            {"keys", ring.ids},
            {"phase", rotation_phase(ring)},
            {"hosts", holders.size()},
            {"waitsFor", plan_rotation(ring, holders).waits_for}});
}

// Of the record; on a worker, and before there is one, what this host has.
KeyRing ClusterMember::known_ring() const {
  KeyRing own{.ids = gossip_key_ids(membership_.gossip.packet_keys)};
  if (manager_ == nullptr) return own;
  const std::shared_ptr<const Vault> vault = manager_->api().options().vault;
  if (vault == nullptr) return own;
  const Result<GossipRing> kept = read_gossip_ring(manager_->home(), *vault);
  return kept.has_value() && kept->revision != 0 ? kept->ring() : own;
}

// On a worker a second key is all that tells of an exchange.
Json ClusterMember::own_keys() const {
  const std::vector<std::string> ids = gossip_key_ids(membership_.gossip.packet_keys);
  const bool is_under_way = manager_ == nullptr && ids.size() > 1;
  return {{"key", ids.front()},
          {"keys", ids},
          {"phase", is_under_way ? "under way" : rotation_phase(known_ring())}};
}

}  // namespace ikada
