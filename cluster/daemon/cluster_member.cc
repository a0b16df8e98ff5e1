#include "cluster/daemon/cluster_member.h"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>

#include "cluster/daemon/host_balancers.h"
#include "cluster/daemon/lost_hosts.h"
#include "cluster/daemon/task_subnets.h"
#include "cluster/node/admission.h"
#include "cluster/state/record_key.h"
#include "runtime/base/clock.h"

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kLookAgain{250};
constexpr std::chrono::seconds kElectionPatience{10};

std::string_view word_of(gossip::Status status) { return gossip::to_text(status); }

bool is_draining_node(const ScopeState& home, const Node& node) {
  const auto cluster = home.clusters.find(node.cluster.value_or(""));
  if (cluster == home.clusters.end()) return false;
  const auto found = cluster->second.instances.find(node.instance.value_or(""));
  return found != cluster->second.instances.end() &&
         found->second.record.value.status == "DRAINING";
}

void log_change(const gossip::MemberChange& change) {
  if (change.statement == nullptr) return;
  spdlog::info("gossip {} node={}", gossip::to_text(change.kind), change.statement->name);
}

}  // namespace

ClusterMember::ClusterMember(boost::asio::io_context& loop,
                             Membership membership,
                             std::string path,
                             std::uint16_t gossip_port)
    : loop_(loop),
      membership_(std::move(membership)),
      path_(std::move(path)),
      probes_(loop, gossip_port),
      timer_(loop) {}

ClusterMember::~ClusterMember() {
  if (manager_ == nullptr) return;
  manager_->set_on_change(nullptr);
  manager_->shared_store().set_on_launch(nullptr);
}

Result<std::unique_ptr<ClusterMember>> ClusterMember::create(boost::asio::io_context& loop,
                                                             Membership membership,
                                                             std::string path,
                                                             std::optional<ClusterKeys> keys,
                                                             std::string keys_path,
                                                             ControlPlane* manager,
                                                             const ClusterPorts& ports) {
  std::unique_ptr<ClusterMember> member(
      new ClusterMember(loop, std::move(membership), std::move(path), ports.gossip));
  member->keys_ = std::move(keys);
  member->keys_path_ = std::move(keys_path);
  member->manager_ = manager;
  IK_LET(gossip, GossipMember::create(loop, member->membership_, ports.gossip, log_change));
  member->gossip_ = std::move(gossip);
  member->certificate_ = std::make_unique<OwnCertificate>(OwnCertificate::Ground{
      .membership = member->membership_,
      .path = member->path_,
      .renew = [own = member.get()](
                   const std::string& request,
                   const OwnCertificate::Taken& taken) { own->ask_certificate(request, taken); },
      .on_changed = [own = member.get()] { own->use_credentials(); }});
  if (manager != nullptr) {
    IK_TRY(member->open_manager(*manager, ports));
  } else {
    IK_TRY(member->open_worker());
  }
  IK_TRY(member->certificate_->open());
  return member;
}

Result<void> ClusterMember::open_manager(ControlPlane& manager, const ClusterPorts& ports) {
  if (!keys_.has_value()) {
    return make_error(ErrorKind::kInvalid, "the cluster's keys are not on this manager");
  }
  const bool is_v6 = membership_.address.find(':') != std::string::npos;
  IK_LET(listen,
         parse_node_endpoint(is_v6 ? fmt::format("[::]:{}", ports.node)
                                   : fmt::format("0.0.0.0:{}", ports.node)));
  IK_LET(nodes,
         NodeServer::create(
             loop_,
             *keys_,
             membership_.credentials,
             manager.api(),
             manager.feed(),
             {.listen = listen,
              .managers = membership_.managers,
              .calls = calls(manager),
              .certificate_lifetime_s = manager.api().options().node_certificate_lifetime.count(),
              .limits = kMemberLimits}));
  nodes_ = std::move(nodes);
  api_port_ = ports.api;
  node_port_ = ports.node;
  IK_LET(tls, node_client_tls(membership_.credentials));
  link_tls_ = std::move(tls);
  if (!manager.is_alone()) begin_to_follow();
  IK_TRY(serve_api());
  manager.set_on_change([this](std::string_view key) { note_change(key); });
  open_keepers(manager);
  return {};
}

Result<void> ClusterMember::serve_api() {
  IK_LET(tls, public_server_tls(membership_.credentials));
  return manager_->serve_tls(api_port_, std::move(tls));
}

Result<void> ClusterMember::open_worker() {
  IK_LET(tls, node_client_tls(membership_.credentials));
  link_tls_ = std::move(tls);
  open_link();
  assignments_ = std::make_unique<RemoteAssignments>(*link_);
  return {};
}

void ClusterMember::note_change(std::string_view key) {
  if (is_stopped_) return;
  nodes_->note_change(key);
  if (names_ != nullptr) names_->note_change(manager_->home(), key);
  const std::optional<RecordKey> parsed = parse_record_key(key);
  const bool is_network = key.empty() || (parsed.has_value() && parsed->kind == RecordKind::kNode);
  if (!is_network || network_ == nullptr) return;
  network_->set(network_view(manager_->home(), membership_.identity.node));
}

void ClusterMember::start() {
  if (network_ != nullptr) network_->open(membership_.address);
  if (names_ != nullptr) names_->open();
  if (manager_ != nullptr && manager_->is_ready()) note_change("");
  join_gossip();
  if (manager_ != nullptr) {
    manager_->balancers().set_is_lost(
        [this](const std::string& node) { return is_host_lost(presence_of(node)); });
  }
  // One that has the state only later knows nobody yet: until then nobody is answered.
  is_serving_ = nodes_ != nullptr && manager_ != nullptr && manager_->is_ready();
  if (is_serving_) nodes_->start();
  if (link_ != nullptr) start_link();
  wait();
}

void ClusterMember::join_gossip() {
  std::vector<std::string> seeds;
  for (const std::string& manager : membership_.managers) {
    seeds.push_back(address_of_endpoint(manager));
  }
  if (manager_ != nullptr) {
    for (const auto& [id, node] : manager_->home().nodes) seeds.push_back(node.value.address);
  }
  gossip_->join(seeds);
}

// It was refused as another's copy, and is connected: that other one has gone.
void ClusterMember::speak_again() {
  Result<std::unique_ptr<GossipMember>> again =
      GossipMember::create(loop_, membership_, gossip_->port(), log_change);
  if (!again.has_value()) return spdlog::error("gossip: {}", again.error().message);
  gossip_ = std::move(*again);
  join_gossip();
}

void ClusterMember::stop() {
  is_stopped_ = true;
  timer_.cancel();
  if (manager_ != nullptr) manager_->balancers().set_is_lost({});
  if (link_ != nullptr) link_->stop();
  if (nodes_ != nullptr) nodes_->stop();
  gossip_->stop();
}

void ClusterMember::set_on_cluster(std::function<void(const Json& request, Asked)> on_cluster) {
  on_cluster_ = std::move(on_cluster);
}

bool ClusterMember::is_doubled(const std::string& id) const {
  return nodes_ != nullptr && nodes_->is_doubled(id);
}

void ClusterMember::wait() {
  timer_.expires_after(kLookAgain);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || is_stopped_) return;
    tick();
    wait();
  });
}

void ClusterMember::tick() {
  if (manager_ != nullptr && manager_->is_ready()) {
    if (!std::exchange(is_serving_, true)) nodes_->start();
    // First: who leads tells the nodes of the keys that it has.
    look_at_key_keepers();
    look_at_managers();
    look_at_majority();
    look_at_leader();
    claim_instance();
    look_at_keys();
    if (manager_->leads()) look_at_hosts();
    look_at_demotions();
    look_at_addresses();
  }
  seek_leader();
  certificate_->look();
  const bool lacks_keys = !wanted_keys_.empty() && wanted_keys_ != membership_.gossip.packet_keys;
  if (lacks_keys) use_wanted_keys();
}

HostPresence ClusterMember::presence_of(const std::string& node) const {
  HostPresence presence{.gossip = gossip_->status(node)};
  const std::optional<auth::NodeRole> role =
      node == membership_.identity.node ? membership_.identity.role : nodes_->role_of(node);
  if (role.has_value()) presence.role = auth::to_text(*role);
  const auto known = manager_->home().nodes.find(node);
  if (known != manager_->home().nodes.end()) {
    presence.votes = manager_->votes(known->second.value.address);
  }
  const std::optional<NodeAbsence> absence = nodes_->absence(node);
  presence.is_connected = !absence.has_value();
  if (!absence.has_value()) return presence;
  presence.was_here = absence->was_here;
  presence.was_silent = absence->was_silent;
  presence.absent_for = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - absence->since);
  return presence;
}

// A node that was never connected here, because this manager leads since a moment ago: nothing
// tells a host that is gone from one whose daemon is being started anew, but asking it.
HostPresence ClusterMember::probed_presence_of(const std::string& node) {
  HostPresence presence = presence_of(node);
  const auto known = manager_->home().nodes.find(node);
  const bool is_unclear =
      !presence.is_connected && !presence.was_here && presence.gossip == gossip::Status::kDead;
  if (!is_unclear || known == manager_->home().nodes.end()) return presence;
  presence.was_silent = probes_.is_silent(node, known->second.value.address);
  return presence;
}

// A host that sees less than a majority of the managers is cut off, or nobody leads: the others may
// have called it lost. One that sees them and nobody who leads waits for the next one, for a while.
// Without a link to who leads, whom gossip suspects is not seen: to be sure would take it longer
// than the others take to give the address to another.
void ClusterMember::look_at_addresses() {
  const auto now = std::chrono::steady_clock::now();
  const ScopeState& home = manager_->home();
  const bool leads = manager_->leads();
  std::vector<Carrier> carriers;
  size_t alive = 0;
  for (const auto& [id, node] : home.nodes) {
    if (node.value.role != "manager" || node.value.wanted_role == "worker") continue;
    const bool is_own = id == membership_.identity.node;
    const std::optional<gossip::Status> status = gossip_->status(id);
    const bool is_suspect = status == gossip::Status::kSuspect;
    if (is_own || status == gossip::Status::kAlive || (leads && is_suspect)) ++alive;
    carriers.push_back({.node = id,
                        .is_alive = is_own || !is_host_lost(presence_of(id)),
                        .is_draining = is_draining_node(home, node.value)});
  }
  if (leads || is_connected()) followed_at_ = now;
  const bool sees_most =
      manager_->is_alone() || (!leads && is_connected()) || alive > carriers.size() / 2;
  manager_->balancers().allow_addresses(sees_most && now < followed_at_ + kElectionPatience);
  if (leads) manager_->balancers().give_addresses(carriers);
}

// What the records should say of nodes and do not: one change at a time, again at the next look.
void ClusterMember::look_at_hosts() {
  if (is_proposing_) return;
  const ScopeState& home = manager_->home();
  const bool is_known = home.nodes.find(membership_.identity.node) != home.nodes.end();
  if (!is_known && manager_->is_alone()) return propose(own_record());
  const std::optional<Proposal> subnet = plan_missing_subnet(home);
  if (subnet.has_value()) return propose(*subnet);
  const std::optional<HostChange> change =
      plan_hosts(home,
                 membership_.identity.node,
                 [this](const std::string& node) { return probed_presence_of(node); },
                 {unix_now() / 1'000'000});
  if (!change.has_value()) return;
  if (!change->lost.empty()) {
    spdlog::warn("host lost node={} changes={}", change->lost, change->proposal.changes.size());
  }
  if (!change->forgotten.empty()) spdlog::warn("node never came node={}", change->forgotten);
  propose(change->proposal);
}

void ClusterMember::propose(const Proposal& proposal) {
  is_proposing_ = true;
  manager_->api().propose(proposal, [this](bool) { is_proposing_ = false; });
}

// The manager's own node: a daemon that was killed while it made the cluster has not put it in.
Proposal ClusterMember::own_record() const {
  Node node;
  node.id = membership_.identity.node;
  node.name = membership_.name;
  node.role = std::string(auth::to_text(membership_.identity.role));
  node.address = membership_.address;
  node.version = IKADA_VERSION;
  node.joined_at = {unix_now() / 1'000'000};
  Proposal proposal;
  proposal.put(node_key(manager_->home_scope(), node.id), node, 0);
  return proposal;
}

// What is told meanwhile is kept with it.
Result<void> ClusterMember::keep(const Membership& membership) {
  IK_TRY(store_membership(path_, membership));
  membership_ = membership;
  return {};
}

std::string ClusterMember::describe(const std::string& node) const {
  if (node == membership_.identity.node) return "connected";
  if (nodes_ != nullptr && nodes_->is_connected(node)) return "connected";
  const std::optional<gossip::Status> status = gossip_->status(node);
  return status.has_value() ? std::string(word_of(*status)) : "unknown";
}

void ClusterMember::leave(bool stops_tasks, std::function<void(const Result<void>&)> then) {
  if (link_ == nullptr) {
    return then(
        make_error(ErrorKind::kUnavailable, "another manager has to lead first, try again"));
  }
  link_->ask("leave",
             {{"stopTasks", stops_tasks}},
             [this, then = std::move(then)](const Result<Json>& body) {
               if (!body.has_value()) return then(body.error());
               gossip_->leave([then] { then({}); });
             });
}

}  // namespace ikada
