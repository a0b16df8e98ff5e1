// The part of cluster_member.h that is about certificates and the cluster's keys: what this host
// tells of them, and what it does when they are others.
#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/daemon/cluster_member.h"
#include "cluster/node/admission.h"
#include "cluster/state/record_key.h"
#include "runtime/base/clock.h"

namespace ikada {
namespace {

constexpr std::chrono::seconds kAloneForLong{5};

std::string outcast_text(bool is_manager) {
  return fmt::format(
      "the managers' certificates and this host's are of different authorities: if the cluster's "
      "was exchanged while this host was away (ikada cluster rotate-ca), {}take it out with ikada "
      "cluster leave --force, and join again with a new token",
      is_manager ? "remove it on another manager with ikada node rm --force, " : "");
}

}  // namespace

void ClusterMember::open_keepers(ControlPlane& manager) {
  const auto use = [this] {
    certificate_->trust(trusted_authorities(*keys_),
                        auth::authority_digest(keys_->authority.certificate()).value_or(""));
    nodes_->tell_all(authorities_news(*keys_));
    report_held_keys();
  };
  key_keeper_ = std::make_unique<KeyKeeper>(
      KeyKeeper::Ground{.manager = manager,
                        .keys = *keys_,
                        .path = keys_path_,
                        .node = membership_.identity.node,
                        .held_by = [this](const std::string& node) { return held_by(node); },
                        .on_held = use});
  authority_keeper_ = std::make_unique<AuthorityKeeper>(AuthorityKeeper::Ground{
      .loop = loop_,
      .manager = manager,
      .keys = *keys_,
      .node = membership_.identity.node,
      .keep = [this](const ClusterKeys& keys) { return key_keeper_->keep(keys); },
      .hosts = [this] { return exchange_hosts(); },
      .restart_store =
          [this, &manager](const std::string& node) {
            if (node == membership_.identity.node) return manager.shared_store().restart_member();
            nodes_->tell(node,
                         News{.verb = std::string(kRestartStoreVerb), .body = Json::object()});
          }});
  manager.shared_store().set_on_launch([this] { report_held_keys(); });
  use();
}

void ClusterMember::look_at_key_keepers() {
  const bool leads = manager_->leads();
  Proposal proposal = authority_keeper_->look(leads && !is_proposing_);
  if (proposal.changes.empty()) proposal = key_keeper_->look(leads && !is_proposing_);
  if (!proposal.changes.empty()) propose(proposal);
}

HeldKeys ClusterMember::held_by(const std::string& node) const {
  if (node != membership_.identity.node) return nodes_->held_keys_of(node);
  HeldKeys held;
  certificate_->describe(held);
  if (key_keeper_ == nullptr) return held;
  key_keeper_->describe(held);
  manager_->shared_store().describe(held);
  return held;
}

void ClusterMember::report_held_keys() {
  if (!is_connected()) return;
  link_->ask(std::string(kHeldKeysVerb),
             to_json(held_by(membership_.identity.node)),
             [](const Result<Json>&) {});
}

std::vector<ExchangeHost> ClusterMember::exchange_hosts() const {
  std::vector<ExchangeHost> hosts;
  for (const auto& [id, node] : manager_->home().nodes) {
    hosts.push_back({.id = id,
                     .name = node.value.name,
                     .is_manager = node.value.role == "manager",
                     .is_away = is_away(id),
                     .held = held_by(id)});
  }
  return hosts;
}

// A manager has it from the record.
void ClusterMember::take_authorities_news(const News& news) {
  if (manager_ != nullptr) {
    if (news.verb == kRestartStoreVerb) manager_->shared_store().restart_member();
    return;
  }
  if (news.verb != kAuthoritiesVerb) return;
  Result<ToldAuthorities> told = parse_authorities_news(news.body);
  if (!told.has_value()) return spdlog::warn("{}", told.error().message);
  certificate_->trust(std::move(told->trusted), std::move(told->issuer));
}

void ClusterMember::use_credentials() {
  Result<TlsContext> tls = node_client_tls(membership_.credentials);
  if (!tls.has_value()) return spdlog::warn("certificates: {}", tls.error().message);
  link_tls_ = *tls;
  if (link_ != nullptr) link_->set_tls(std::move(*tls));
  if (nodes_ != nullptr) {
    Result<void> used = nodes_->use(membership_.credentials);
    if (used.has_value()) used = serve_api();
    if (!used.has_value()) spdlog::warn("certificates: {}", used.error().message);
  }
  report_held_keys();
  if (on_credentials_) on_credentials_();
}

void ClusterMember::ask_certificate(const std::string& request,
                                    const OwnCertificate::Taken& taken) {
  // A manager issues its own.
  if (manager_ != nullptr) return renew_own(request, taken);
  link_->ask("renew", {{"certificateRequest", request}}, [taken](const Result<Json>& body) {
    if (!body.has_value()) return taken(body.error());
    std::string certificate;
    JsonReader reader(*body, "the manager's answer");
    reader.require("certificate", certificate);
    const Result<void> read = reader.done();
    taken(read.has_value() ? Result<std::string>(certificate) : read.error());
  });
}

void ClusterMember::renew_own(const std::string& request, const OwnCertificate::Taken& taken) {
  const ScopeState& home = manager_->home();
  const auto found = home.nodes.find(membership_.identity.node);
  if (found == home.nodes.end()) {
    return taken(make_error(ErrorKind::kUnavailable, "this node is not on record"));
  }
  Node node = found->second.value;
  const Result<std::string> certificate =
      renew_certificate(*keys_,
                        request,
                        node,
                        {unix_now() / 1'000'000},
                        manager_->api().options().node_certificate_lifetime.count());
  if (!certificate.has_value()) return taken(certificate.error());
  Proposal proposal;
  proposal.put(node_key(home.scope, node.id), node, found->second.revision);
  manager_->api().propose_unfenced(proposal, [taken, text = *certificate](bool made) {
    if (made) return taken(text);
    taken(make_error(ErrorKind::kUnavailable, "it could not be stored"));
  });
}

void ClusterMember::note_lost(const Error& why) {
  spdlog::warn("{}", why.message);
  if (why.code == kLinkSilent) silent_manager_ = link_->manager();
  if (why.code != kLinkUntrusted || !outcast_.empty()) return;
  outcast_ = outcast_text(manager_ != nullptr);
  spdlog::error("{}", outcast_);
}

// A manager whose etcd does not answer asks the others, who may tell why.
void ClusterMember::seek_leader() {
  const bool is_stuck = manager_ != nullptr && !manager_->is_ready() && !manager_->is_alone();
  if (!is_stuck || link_ != nullptr) return;
  if (std::chrono::steady_clock::now() < followed_at_ + kAloneForLong) return;
  open_link();
  if (link_ != nullptr) start_link();
}

}  // namespace ikada
