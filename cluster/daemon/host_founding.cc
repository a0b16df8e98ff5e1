// The part of host_daemon.h that makes this host a manager: of a new cluster, or of one from a
// backup.
#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/auth/digest.h"
#include "cluster/daemon/api_keys.h"
#include "cluster/daemon/cluster_backup.h"
#include "cluster/daemon/cluster_config.h"
#include "cluster/daemon/exchange_record.h"
#include "cluster/daemon/gossip_ring.h"
#include "cluster/daemon/host_address.h"
#include "cluster/daemon/host_daemon.h"
#include "cluster/daemon/leftovers.h"
#include "cluster/daemon/sealing_key.h"
#include "cluster/node/admission.h"
#include "cluster/state/record_key.h"
#include "image/url.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/clock.h"
#include "runtime/base/random_id.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kNewNodeIdBytes = 16;
constexpr std::int64_t kMillisPerSecond = 1000;
constexpr std::string_view kNoTaskNetwork = "none";
constexpr std::chrono::seconds kForgetAgain{1};

Timestamp founding_time() { return {unix_now() / 1'000'000}; }

Result<std::string> token_text(const ClusterKeys& keys, auth::Secret secret) {
  IK_LET(digest, auth::authority_digest(keys.authority.certificate()));
  const auth::JoinToken token{.authority = std::move(digest), .secret = std::move(secret)};
  return std::string(auth::to_text(token).reveal());
}

Result<ClusterNetwork> plan_network(const std::string& pool) {
  IK_LET(routes, find_routes());
  Result<ClusterNetwork> network = plan_task_network(pool, routes);
  if (network.has_value() || network.error().kind != ErrorKind::kConflict) return network;
  return make_error(
      ErrorKind::kConflict, "{}: choose another with --task-network", network.error().message);
}

// The network of a cluster from a backup.
Result<void> fits_here(const ClusterNetwork& network) {
  IK_LET(routes, find_routes());
  return check_task_network(network, routes);
}

}  // namespace

// A cluster that this host is about to lead.
struct HostDaemon::Draft {
  ClusterKeys keys;
  bool is_new = true;
  bool was_manager = false;
  auth::Secret worker_secret = auth::generate_join_secret();  // Of a new one.
  ClusterNetwork network = {};  // Of a new one; without a pool there is none.
  Node node = {};
  Membership membership = {};
  Done done;
};

// The files of the cluster but the membership; its records are still to be made.
Result<void> HostDaemon::found(Draft& draft) {
  JoinKeys keys;
  IK_LET(request, make_join_request(keys));
  request.name = draft.node.name;
  request.address = draft.node.address;
  request.version = IKADA_VERSION;
  const bool is_v6 = request.address.find(':') != std::string::npos;
  const std::string endpoint =
      fmt::format("{}{}{}:{}", is_v6 ? "[" : "", request.address, is_v6 ? "]" : "", ports().node);
  IK_LET(config, load_cluster_config(options_.cluster_config));
  IK_LET(admitted,
         admit_node(draft.keys,
                    request,
                    {.role = auth::NodeRole::kManager,
                     .id = random_hex(kNewNodeIdBytes),
                     .now = founding_time(),
                     .certificate_lifetime_s =
                         config.value_or(ApiOptions()).node_certificate_lifetime.count(),
                     .managers = {endpoint}}));
  draft.node = admitted.node;
  IK_LET(
      membership,
      take_answer(admitted.answer, std::move(keys), request, draft.keys.authority.certificate()));
  draft.membership = std::move(membership);
  IK_TRY(make_directories(options_.state_root + "/cluster", 0700));
  if (draft.was_manager) {
    // What it has sealed so far opens on all managers, and from a backup.
    IK_LET(own, load_sealing_keys(std::nullopt));
    for (const SealingKey& key : own.all()) draft.keys.sealing_keys.push_back(key.bytes());
  }
  IK_TRY(store_cluster_keys(keys_path(), draft.keys));
  IK_TRY(write_authorities(draft.keys));
  if (manager_ == nullptr) {
    IK_TRY(open_manager(draft.membership.identity.node, draft.keys));
    manager_->start();
  } else {
    IK_TRY(use_keys(draft.keys));
  }
  return open_member(draft.membership, draft.keys);
}

void HostDaemon::init(InitWish wish, Done done) {
  if (is_busy_) return done(busy_error());
  if (member_ != nullptr) {
    return done(make_error(ErrorKind::kConflict, "this host is in a cluster already"));
  }
  Result<std::string> address = advertised_address(wish.address);
  if (!address.has_value()) return done(address.error());
  wish.address = std::move(*address);
  Result<ClusterKeys> keys = create_cluster_keys(founding_time().milliseconds / kMillisPerSecond);
  if (!keys.has_value()) return done(keys.error());
  Result<ClusterNetwork> network = ClusterNetwork{};
  if (wish.task_network != kNoTaskNetwork) network = plan_network(wish.task_network);
  if (!network.has_value()) return done(network.error());
  lead(wish, {.keys = std::move(*keys), .network = std::move(*network), .done = std::move(done)});
}

void HostDaemon::restore(const std::string& path, InitWish wish, Done done) {
  if (is_busy_) return done(busy_error());
  if (member_ != nullptr || manager_ != nullptr) {
    return done(make_error(ErrorKind::kConflict, "this host is in a cluster already"));
  }
  Result<std::string> address = advertised_address(wish.address);
  if (!address.has_value()) return done(address.error());
  wish.address = std::move(*address);
  const Result<void> restored = restore_cluster(path, options_.state_root + "/cluster");
  if (!restored.has_value()) return done(restored.error());
  Result<std::optional<ClusterKeys>> keys = load_cluster_keys(keys_path());
  if (!keys.has_value()) return done(keys.error());
  lead(wish, {.keys = std::move(**keys), .is_new = false, .done = std::move(done)});
}

void HostDaemon::lead(const InitWish& wish, Draft given) {
  auto draft = std::make_shared<Draft>(std::move(given));
  draft->node.name = wish.name.empty() ? find_host_name() : wish.name;
  draft->node.address = wish.address.empty() ? find_host_address() : wish.address;
  draft->was_manager = manager_ != nullptr;
  const Result<void> made = found(*draft);
  if (!made.has_value()) return give_up(*draft, made.error());
  const Scope scope = manager_->home_scope();
  const ScopeState& home = manager_->home();
  if (!draft->is_new && home.network.revision != 0) {
    const Result<void> fits = fits_here(home.network.value);
    if (!fits.has_value()) return give_up(*draft, fits.error());
  }
  Proposal proposal;
  if (draft->is_new) {
    // What an earlier cluster has left is of no use under new keys.
    for (const auto& [id, node] : home.nodes) {
      proposal.remove(node_key(scope, id), node.revision);
    }
    remove_gossip_ring(home, proposal);
    remove_sealing_offer(home, proposal);
    remove_exchange(home, proposal);
    const auto old = home.grants.find("worker");
    proposal.put(grant_key(scope, "worker"),
                 JoinGrant{.secret_sha256 = auth::sha256_hex(draft->worker_secret.reveal()),
                           .created_at = founding_time()},
                 old == home.grants.end() ? 0 : old->second.revision);
    found_network(scope, home.network.revision, draft->network, draft->node, proposal);
  }
  proposal.put(node_key(scope, draft->node.id), draft->node, 0);
  is_busy_ = true;
  manager_->api().propose(proposal, [this, draft](bool is_made) {
    is_busy_ = false;
    // From this file on the host is in the cluster.
    const Result<void> stored =
        is_made ? store_membership(membership_path(), draft->membership)
                : make_error(ErrorKind::kUnavailable, "the cluster could not be stored");
    if (!stored.has_value()) return give_up(*draft, stored.error());
    if (is_stopped_) {
      return draft->done(make_error(ErrorKind::kUnavailable, "the daemon is stopping"));
    }
    led(*draft);
  });
}

void HostDaemon::led(const Draft& draft) {
  member_->start();
  if (!draft.was_manager) {
    const Result<void> opened = open_agent(manager_->assignments());
    if (!opened.has_value()) spdlog::error("{}", opened.error().message);
    if (agent_ != nullptr) agent_->start();
  } else {
    open_images();
  }
  if (images_ != nullptr) images_->start();
  spdlog::info("cluster {} cluster={} node={}",
               draft.is_new ? "made" : "restored",
               draft.keys.cluster,
               draft.node.id);
  Json answer = {{"cluster", draft.keys.cluster},
                 {"node", draft.node.id},
                 {"address", draft.membership.managers.front()}};
  if (address_scope(draft.membership.address) == AddressScope::kLoopback) {
    answer["warning"] = fmt::format(
        "no other host can join, because this one's address is {}: say one that others reach with "
        "--advertise-addr",
        draft.membership.address);
  }
  if (!draft.is_new) {
    ClusterNote::remove_all(options_.state_root + "/cluster").remove();
    forget_old_managers();
    return draft.done(answer);
  }
  const Result<std::string> token = token_text(draft.keys, draft.worker_secret);
  const Result<auth::AccessKey> key = load_or_create_access_key(
      options_.state_root + "/cluster/access_key.json", manager_->api().options().account);
  if (!token.has_value()) return draft.done(token.error());
  if (!key.has_value()) return draft.done(key.error());
  answer["workerToken"] = *token;
  answer["accessKeyId"] = key->id;
  answer["secretAccessKey"] = std::string(key->secret.reveal());
  draft.done(answer);
}

// Those that the backup knows are gone: this host is in their place.
void HostDaemon::forget_old_managers() {
  for (const auto& [id, node] : manager_->home().nodes) {
    if (node.value.role != "manager" || id == member_->membership().identity.node) continue;
    return remove_node(id, true, [this](const Result<Json>& removed) {
      if (removed.has_value()) return forget_old_managers();
      spdlog::warn("remove the old manager: {}", removed.error().message);
      forgetting_timer_ = std::make_unique<boost::asio::steady_timer>(loop_, kForgetAgain);
      forgetting_timer_->async_wait([this](const boost::system::error_code& error) {
        if (!error && manager_ != nullptr && member_ != nullptr) forget_old_managers();
      });
    });
  }
  ClusterNote::forget_managers(options_.state_root + "/cluster").remove();
}

// A manager that has started cannot be taken down in place.
void HostDaemon::give_up(const Draft& draft, const Error& why) {
  static_cast<void>(remove_if_there(keys_path()));
  static_cast<void>(remove_if_there(membership_path()));
  if (!draft.is_new) remove_cluster_files();
  if (!draft.was_manager && manager_ != nullptr) {
    note_restart();
  } else {
    relay_.reset();
    streams_.reset();
    member_.reset();
  }
  draft.done(why);
}

void HostDaemon::back_up(const std::string& path, Done done) {
  if (manager_ == nullptr || member_ == nullptr) {
    return done(make_error(ErrorKind::kConflict, "this host is no manager of a cluster"));
  }
  manager_->back_up(path, [path, done = std::move(done)](const Result<std::uint64_t>& size) {
    if (!size.has_value()) return done(size.error());
    done(Json{{"path", path}, {"size", *size}});
  });
}

}  // namespace ikada
