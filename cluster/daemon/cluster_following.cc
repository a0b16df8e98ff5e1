// The part of cluster_member.h that is about several managers: who of them leads, and the link to
// that one.
#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/daemon/cluster_member.h"
#include "cluster/daemon/gossip_ring.h"
#include "cluster/daemon/host_balancers.h"
#include "cluster/state/record_key.h"

namespace ikada {
namespace {

constexpr const char* kUnknownNode = "the cluster does not know this node any more";

std::string endpoint_text(const std::string& address, std::uint16_t port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", address, is_v6 ? "]" : "", port);
}

}  // namespace

ManagerCalls ClusterMember::calls(ControlPlane& manager) {
  return {
      .api = [&manager](
                 const Json& body,
                 const ManagerCalls::Reply& reply) { manager.forwarding().answer(body, reply); },
      .cluster =
          [this](const Json& body, const ManagerCalls::Reply& reply) {
            if (on_cluster_) return on_cluster_(body, reply);
            reply(make_error(ErrorKind::kUnavailable, "the manager is starting, try again"));
          },
      .targets =
          [&manager](const std::string& node, const Json& body, const ManagerCalls::Reply& reply) {
            reply(manager.balancers().take_report(node, body));
          },
      .admit =
          [this, &manager](const Node& node, const ManagerCalls::Reply& reply) {
            Node self;
            self.id = membership_.identity.node;
            self.address = membership_.address;
            manager.admit_manager(self, *keys_, node, reply);
          },
      .doubled = [&manager](const std::string& node,
                            const std::string& origin) { manager.note_double(node, origin); }};
}

std::string ClusterMember::endpoint_of(const std::string& address) const {
  return endpoint_text(address, node_port_);
}

std::string address_of_endpoint(const std::string& endpoint) {
  std::string host = endpoint.substr(0, endpoint.rfind(':'));
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}

// Before it is known who leads.
void ClusterMember::begin_to_follow() {
  nodes_->follow("");
  was_leading_ = false;
  // Our own member of etcd may not be of use: one that learns, or that was removed.
  std::vector<std::string> addresses = {membership_.address};
  for (const std::string& each : membership_.managers) {
    addresses.push_back(address_of_endpoint(each));
  }
  manager_->shared_store().set_managers(addresses);
}

// The managers are those on record; each node keeps where they are.
void ClusterMember::look_at_managers() {
  std::vector<std::string> endpoints;
  std::vector<std::string> addresses = {membership_.address};
  for (const auto& [id, node] : manager_->home().nodes) {
    if (node.value.role != "manager") continue;
    endpoints.push_back(endpoint_of(node.value.address));
    if (id != membership_.identity.node) addresses.push_back(node.value.address);
  }
  if (endpoints.empty()) return;
  manager_->shared_store().set_managers(addresses);
  take_managers(endpoints);
  nodes_->set_managers(std::move(endpoints));
}

void ClusterMember::take_managers(std::vector<std::string> managers) {
  if (is_stopped_ || managers.empty() || managers == membership_.managers) return;
  membership_.managers = std::move(managers);
  const Result<void> stored = store_membership(path_, membership_);
  if (!stored.has_value()) spdlog::warn("{}, ignoring", stored.error().message);
  std::vector<std::string> others = membership_.managers;
  if (manager_ != nullptr) std::erase(others, endpoint_of(membership_.address));
  if (link_ != nullptr && !others.empty()) link_->set_managers(std::move(others));
}

void ClusterMember::look_at_majority() {
  size_t managers = 0;
  size_t alive = 0;
  for (const auto& [id, node] : manager_->home().nodes) {
    if (node.value.role != "manager") continue;
    ++managers;
    const bool is_own = id == membership_.identity.node;
    if (is_own || gossip_->status(id) == gossip::Status::kAlive) ++alive;
  }
  majority_.note(alive, managers, std::chrono::steady_clock::now());
}

// Whoever leads serves the nodes' links; all others, managers too, have one to it.
void ClusterMember::look_at_leader() {
  const ScopeState& home = manager_->home();
  if (!manager_->is_alone() && home.nodes.find(membership_.identity.node) == home.nodes.end()) {
    if (!std::exchange(was_removed_, true)) {
      spdlog::error(kUnknownNode);
      manager_->resign();
    }
  }
  if (manager_->leads()) {
    if (std::exchange(was_leading_, true)) return;
    spdlog::info("leading");
    const std::string silent = silent_leader();
    manager_->set_link(nullptr);
    if (link_ != nullptr) {
      link_->give_up(make_error(ErrorKind::kUnavailable, "the leading manager changes, try again"));
    }
    link_.reset();
    manager_->api().note_change("");
    probes_.clear();
    return nodes_->lead(silent);
  }
  std::string leader;
  const auto node = home.nodes.find(manager_->leader());
  const bool is_other = node != home.nodes.end() && node->first != membership_.identity.node;
  if (is_other) leader = endpoint_of(node->second.value.address);
  if (is_other && gossip_->status(node->first) == gossip::Status::kDead &&
      majority_.is_settled(std::chrono::steady_clock::now())) {
    manager_->depose(node->first);
  }
  // One that takes part no more knows it from there.
  if (leader.empty() && is_connected()) leader = link_->manager();
  was_leading_ = false;
  nodes_->follow(leader);
  if (link_ != nullptr) return;
  open_link();
  if (link_ != nullptr) start_link();
}

// The node of the manager whose link fell silent, or is about to: gossip was the first to know.
// Empty if it was closed, by a daemon that ended while its host lives, or if this manager may have
// been the one that was cut off.
std::string ClusterMember::silent_leader() const {
  if (!majority_.is_settled(std::chrono::steady_clock::now())) return {};
  const bool is_linked = link_ != nullptr && link_->is_connected();
  const std::string endpoint = is_linked ? link_->manager() : silent_manager_;
  for (const auto& [id, node] : manager_->home().nodes) {
    if (node.value.role != "manager" || endpoint_of(node.value.address) != endpoint) continue;
    const bool is_dead = gossip_->status(id) == gossip::Status::kDead;
    return !is_linked || is_dead ? id : std::string();
  }
  return {};
}

void ClusterMember::open_link() {
  std::vector<std::string> others = membership_.managers;
  if (manager_ != nullptr) std::erase(others, endpoint_of(membership_.address));
  if (others.empty()) return;
  link_ = std::make_unique<Uplink>(
      loop_, UplinkOptions{.managers = others, .tls = link_tls_, .limits = kMemberLimits});
  if (manager_ != nullptr) manager_->set_link(link_.get());
}

void ClusterMember::start_link() {
  link_->start({.on_connected =
                    [this] {
                      spdlog::info("manager connected");
                      silent_manager_.clear();
                      const std::string before = std::exchange(refused_for_, "");
                      if (!before.empty() && before != kUnknownNode) speak_again();
                      outcast_.clear();
                      report_keys();
                      report_held_keys();
                      if (manager_ != nullptr) manager_->balancers().note_connected();
                      if (assignments_ != nullptr) assignments_->note_connected();
                    },
                .on_lost = [this](const Error& why) { note_lost(why); },
                .on_news =
                    [this](const News& news) {
                      if (news.verb == "refused") note_refused(news.body);
                      if (news.verb == "role" && on_role_) {
                        on_role_(news.body.value("role", ""));
                      }
                      if (news.verb == "managers" && manager_ == nullptr) {
                        take_managers_news(news.body);
                      }
                      if (news.verb == kGossipKeysVerb && manager_ == nullptr) {
                        take_keys_news(news.body);
                      }
                      take_authorities_news(news);
                      // A manager makes it of its own state.
                      if (network_ != nullptr && manager_ == nullptr) network_->take(news);
                      if (names_ != nullptr && manager_ == nullptr) names_->take(news);
                      if (logs_ != nullptr) logs_->take(news);
                      if (assignments_ != nullptr) assignments_->note_news(news);
                    }});
}

// It is tried again and again; once is enough to be told. A host with another's identity must not
// speak for that one.
void ClusterMember::note_refused(const Json& body) {
  const std::string told = body.value("reason", "");
  const std::string reason = told.empty() ? kUnknownNode : told;
  if (std::exchange(refused_for_, reason) == reason) return;
  spdlog::error("{}", reason);
  if (!told.empty()) gossip_->stop();
}

std::string ClusterMember::refused() const {
  if (!outcast_.empty()) return outcast_;
  if (manager_ == nullptr || !manager_->is_ready()) return is_connected() ? "" : refused_for_;
  const bool is_known = manager_->home().nodes.count(membership_.identity.node) > 0;
  return is_known || manager_->is_alone() ? "" : kUnknownNode;
}

void ClusterMember::ask(const std::string& verb, const Json& body, Asked then) {
  if (!is_connected()) return then(make_error(ErrorKind::kUnavailable, "no manager is connected"));
  link_->ask(verb, body, [then = std::move(then)](const Result<Json>& answer) { then(answer); });
}

// A manager that is to be a worker takes part no more; who leads hands over so. Then it has no
// place in etcd any more, then no role, and its host is told.
void ClusterMember::look_at_demotions() {
  const ScopeState& home = manager_->home();
  const auto own = home.nodes.find(membership_.identity.node);
  const bool is_to_go = own != home.nodes.end() && own->second.value.wanted_role == "worker";
  if (is_to_go && !std::exchange(has_resigned_, true)) {
    spdlog::info("taking part no more");
    manager_->resign();
  }
  if (!manager_->leads() || is_demoting_ || manager_->is_alone()) return;
  for (const auto& [id, node] : home.nodes) {
    if (node.value.wanted_role != "worker" || node.value.role != "manager") continue;
    if (id == membership_.identity.node) continue;
    is_demoting_ = true;
    return manager_->remove_member(
        node.value.address, [this, id = id](const Result<void>& removed) {
          is_demoting_ = false;
          if (!removed.has_value()) return spdlog::warn("demote: {}", removed.error().message);
          const ScopeState& now = manager_->home();
          const auto found = now.nodes.find(id);
          if (found == now.nodes.end() || found->second.value.wanted_role != "worker") return;
          Node demoted = found->second.value;
          demoted.role = "worker";
          Proposal proposal;
          proposal.put(node_key(now.scope, id), demoted, found->second.revision);
          spdlog::info("node demoted node={}", id);
          propose(proposal);
        });
  }
}

void ClusterMember::take_managers_news(const Json& body) {
  std::vector<std::string> managers;
  std::vector<std::string> nodes;
  JsonReader reader(body, "managers");
  reader.read("managers", managers);
  reader.read("nodes", nodes);
  if (!reader.done().has_value()) return;
  manager_nodes_ = std::move(nodes);
  take_managers(std::move(managers));
}

bool ClusterMember::knows_manager(const auth::NodeIdentity& identity) const {
  if (identity.cluster != membership_.identity.cluster) return false;
  if (manager_ == nullptr) {
    return std::ranges::find(manager_nodes_, identity.node) != manager_nodes_.end();
  }
  const ScopeState& home = manager_->home();
  const auto node = home.nodes.find(identity.node);
  return node != home.nodes.end() && node->second.value.role == "manager";
}

void ClusterMember::ask_leader(const Json& request, Asked then) {
  if (link_ == nullptr || !link_->is_connected()) {
    return then(make_error(ErrorKind::kUnavailable,
                           "the managers have no leader: a majority of them cannot be reached"));
  }
  link_->ask(
      "cluster", request, [then = std::move(then)](const Result<Json>& body) { then(body); });
}

// The agent of a manager has an instance of its own: its node's record says which.
void ClusterMember::claim_instance() {
  const LocalAssignments& own = manager_->local_assignments();
  const ScopeState& home = manager_->home();
  const auto record = home.nodes.find(membership_.identity.node);
  if (is_claiming_ || own.instance().empty() || record == home.nodes.end()) return;
  Node node = record->second.value;
  if (node.instance == own.instance() && node.cluster == own.cluster()) return;
  node.instance = own.instance();
  node.cluster = own.cluster();
  Proposal proposal;
  proposal.put(node_key(home.scope, node.id), node, record->second.revision);
  is_claiming_ = true;
  manager_->api().propose_unfenced(proposal, [this](bool) { is_claiming_ = false; });
}

}  // namespace ikada
