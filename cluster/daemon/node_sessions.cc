#include "cluster/daemon/node_sessions.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/daemon/exchange_record.h"
#include "cluster/daemon/gossip_ring.h"
#include "cluster/daemon/host_logs.h"
#include "cluster/daemon/role_change.h"
#include "cluster/state/record_key.h"
#include "runtime/base/printable.h"

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kFarewell{300};
constexpr std::chrono::seconds kDoubleTime{60};
constexpr int kMaxReplaced = 5;  // Within that time.

// "192.0.2.1:7442", "[2001:db8::1]:7442".
bool is_endpoint_at(const std::string& endpoint, const std::string& address) {
  return endpoint.starts_with(address + ":") || endpoint.starts_with("[" + address + "]:");
}

std::vector<std::string> manager_nodes(const ScopeState& scope) {
  std::vector<std::string> nodes;
  for (const auto& [id, node] : scope.nodes) {
    if (node.value.role == "manager") nodes.push_back(id);
  }
  return nodes;
}

}  // namespace

NodeSessions::NodeSessions(std::shared_ptr<Loop> loop,
                           const ClusterKeys& keys,
                           ApiServer& api,
                           StateFeed& feed,
                           std::int64_t certificate_lifetime_s)
    : loop_(std::move(loop)),
      keys_(keys),
      api_(api),
      feed_(feed),
      certificate_lifetime_s_(certificate_lifetime_s),
      started_(loop_->now()) {}

const ScopeState& NodeSessions::state() const {
  const ApiOptions& options = api_.options();
  return feed_.state().scope({.account = options.account, .region = options.home_region});
}

bool NodeSessions::is_member(const auth::NodeIdentity& identity) const {
  const auto record = state().nodes.find(identity.node);
  return record != state().nodes.end() && may_have_role(record->second.value, identity.role);
}

void NodeSessions::refuse(FrameLink& link) {
  link.send(to_json(News{.verb = "refused", .body = Json::object()}));
  link.finish();
}

FrameLink::Listener NodeSessions::greet(const std::shared_ptr<FrameLink>& link,
                                        const auth::NodeIdentity& identity,
                                        const std::string& origin) {
  const std::string& node = identity.node;
  const bool is_ours = identity.cluster == keys_.cluster;
  if (!is_ours || (leads_ && !is_member(identity))) {
    refuse(*link);
    return {};
  }
  if (leads_ && refuse_double(link, node, origin)) return {};
  if (!leads_ && send_on(link, identity, origin)) return {};
  if (leads_) begin(link, identity, origin);
  const std::weak_ptr<FrameLink> weak = link;
  return {.on_ready = {},
          .on_frame =
              [self = shared_from_this(), weak, identity](const Json& json) {
                const std::shared_ptr<FrameLink> from = weak.lock();
                if (from != nullptr) self->take(*from, identity, json);
              },
          .on_end = [self = shared_from_this(), raw = link.get(), node](
                        const Error& why) { self->note_end(raw, node, why); }};
}

// True if the connection is over; else it waits.
bool NodeSessions::send_on(const std::shared_ptr<FrameLink>& link,
                           const auth::NodeIdentity& identity,
                           const std::string& origin) {
  // One that led a moment ago and leads no longer must not be sent to itself.
  const auto record = state().nodes.find(identity.node);
  const bool is_itself =
      record != state().nodes.end() && is_endpoint_at(leader_, record->second.value.address);
  const std::string told = is_itself ? std::string() : leader_;
  link->send(to_json(News{.verb = "leader", .body = {{"manager", told}}}));
  if (!told.empty()) {
    link->finish();
    return true;
  }
  const auto old = waiting_.find(identity.node);
  if (old != waiting_.end() && old->second.link != link) old->second.link->close();
  waiting_[identity.node] = {.link = link, .identity = identity, .origin = origin};
  return false;
}

// A host that comes again has lost its old connection, which ends within seconds.
bool NodeSessions::refuse_double(const std::shared_ptr<FrameLink>& link,
                                 const std::string& node,
                                 const std::string& origin) {
  const auto old = sessions_.find(node);
  if (old == sessions_.end() || origin.empty()) return false;
  const auto now = loop_->now();
  Doubles& doubles = doubles_.try_emplace(node, Doubles{.since = now}).first->second;
  if (now - doubles.since > kDoubleTime) {
    doubles.since = now;
    doubles.replaced = 0;
  }
  if (old->second.origin == origin && ++doubles.replaced <= kMaxReplaced) return false;
  link->send(to_json(
      News{.verb = "refused",
           .body = {{"reason", "another host has this node's identity: node.json was copied"}}}));
  link->finish();
  const bool is_news = !is_doubled(node);
  doubles.refused_at = now;
  if (!is_news) return true;
  spdlog::error("node refused node={} address={}: it is connected from {}, node.json was copied",
                node,
                origin,
                old->second.origin);
  if (calls_.doubled) calls_.doubled(node, origin);
  return true;
}

bool NodeSessions::is_doubled(const std::string& node) const {
  const auto found = doubles_.find(node);
  return found != doubles_.end() && found->second.refused_at.has_value() &&
         loop_->now() - *found->second.refused_at < kDoubleTime;
}

std::optional<auth::NodeRole> NodeSessions::role_of(const std::string& node) const {
  const auto found = sessions_.find(node);
  return found == sessions_.end() ? std::nullopt : std::optional(found->second.identity.role);
}

std::vector<std::string> NodeSessions::gossip_keys_of(const std::string& node) const {
  const auto found = sessions_.find(node);
  return found == sessions_.end() ? std::vector<std::string>() : found->second.gossip_keys;
}

void NodeSessions::note_gossip_keys(const Question& question, Current& current) {
  JsonReader reader(question.body, question.verb);
  reader.require("ids", current.gossip_keys);
  const Result<void> read = reader.done();
  Answer answer{.id = question.id, .body = Json::object()};
  if (!read.has_value()) answer.body = read.error();
  current.link->send(to_json(answer));
}

void NodeSessions::tell_all(const News& news) {
  for (const auto& [node, current] : sessions_) current.link->send(to_json(news));
}

void NodeSessions::tell(const std::string& node, const News& news) {
  const auto found = sessions_.find(node);
  if (found != sessions_.end()) found->second.link->send(to_json(news));
}

HeldKeys NodeSessions::held_keys_of(const std::string& node) const {
  const auto found = sessions_.find(node);
  return found == sessions_.end() ? HeldKeys() : found->second.held_keys;
}

void NodeSessions::note_held_keys(const Question& question, Current& current) {
  const Result<HeldKeys> held = parse_held_keys(question.body);
  Answer answer{.id = question.id, .body = Json::object()};
  if (held.has_value()) {
    current.held_keys = *held;
  } else {
    answer.body = held.error();
  }
  current.link->send(to_json(answer));
}

void NodeSessions::tell_gossip_keys() {
  const std::optional<News> told = gossip_keys_news(state(), api_.options().vault.get());
  if (!told.has_value()) return;
  for (const auto& [node, current] : sessions_) current.link->send(to_json(*told));
}

void NodeSessions::tell_role(const Current& current) {
  const auto record = state().nodes.find(current.identity.node);
  if (record == state().nodes.end()) return;
  const std::optional<std::string> role = role_to_tell(record->second.value, current.identity.role);
  if (role.has_value()) {
    current.link->send(to_json(News{.verb = "role", .body = {{"role", *role}}}));
  }
}

void NodeSessions::begin(const std::shared_ptr<FrameLink>& link,
                         const auth::NodeIdentity& identity,
                         const std::string& origin) {
  const std::string& node = identity.node;
  std::shared_ptr<OldReports>& reports = old_reports_[node];
  if (reports == nullptr) reports = std::make_shared<OldReports>();
  auto session = std::make_shared<NodeSession>(
      link, node, keys_, api_, feed_, certificate_lifetime_s_, reports);
  const auto old = sessions_.find(node);
  if (old != sessions_.end()) {
    old->second.session->end();
    old->second.session->link().close();
  }
  if (sessions_.empty()) names_ = name_entries(state());
  sessions_[node] = {
      .session = std::move(session), .identity = identity, .link = link, .origin = origin};
  absences_.erase(node);
  link->send(to_json(managers_news()));
  link->send(to_json(network_news(network_view(state(), node))));
  link->send(to_json(all_names_news(names_)));
  log_terms_ = to_json(log_terms_news(feed_.state()));
  link->send(log_terms_);
  link->send(to_json(authorities_news(keys_)));
  const std::optional<News> keys = gossip_keys_news(state(), api_.options().vault.get());
  if (keys.has_value()) link->send(to_json(*keys));
  tell_role(sessions_[node]);
}

News NodeSessions::managers_news() const {
  return {.verb = "managers", .body = {{"managers", managers_}, {"nodes", manager_nodes(state())}}};
}

void NodeSessions::set_managers(std::vector<std::string> managers) {
  if (managers_ == managers) return;
  managers_ = std::move(managers);
  manager_nodes_ = manager_nodes(state());
  for (const auto& [node, each] : sessions_) each.link->send(to_json(managers_news()));
}

void NodeSessions::tell_managers() {
  std::vector<std::string> nodes = manager_nodes(state());
  if (nodes == manager_nodes_) return;
  manager_nodes_ = std::move(nodes);
  for (const auto& [node, each] : sessions_) each.link->send(to_json(managers_news()));
}

void NodeSessions::lead(const std::string& silent) {
  leads_ = true;
  leader_.clear();
  absences_.clear();
  started_ = loop_->now();
  if (!silent.empty()) absences_[silent] = {.since = started_, .was_silent = true};
  for (const auto& [node, each] : std::exchange(waiting_, {})) {
    if (!is_member(each.identity)) {
      refuse(*each.link);
      continue;
    }
    spdlog::info("node connected node={}", node);
    begin(each.link, each.identity, each.origin);
  }
}

void NodeSessions::follow(const std::string& leader) {
  const bool is_new = std::exchange(leads_, false) || leader_ != leader;
  leader_ = leader;
  if (!is_new) return;
  for (const auto& [node, each] : std::exchange(sessions_, {})) {
    spdlog::info("node sent on node={} leader={}", node, leader);
    each.session->end();
    send_on(each.link, each.identity, each.origin);
  }
  if (leader_.empty()) return;
  for (const auto& [node, each] : std::exchange(waiting_, {})) {
    send_on(each.link, each.identity, each.origin);
  }
}

void NodeSessions::take(const FrameLink& link,
                        const auth::NodeIdentity& identity,
                        const Json& json) {
  const auto found = sessions_.find(identity.node);
  if (found == sessions_.end() || found->second.link.get() != &link) return;
  const Result<Frame> frame = parse_frame(json);
  const auto* question = frame.has_value() ? std::get_if<Question>(&*frame) : nullptr;
  if (question == nullptr) return;
  const std::shared_ptr<NodeSession> session = found->second.session;
  const bool is_manager = identity.role == auth::NodeRole::kManager;
  if (question->verb == kGossipKeysVerb) return note_gossip_keys(*question, found->second);
  if (question->verb == kHeldKeysVerb) return note_held_keys(*question, found->second);
  if (question->verb == "promote" && !is_manager) {
    return answer_promotion({.api = api_,
                             .feed = feed_,
                             .keys = keys_,
                             .calls = calls_,
                             .managers = managers_,
                             .certificate_lifetime_s = certificate_lifetime_s_},
                            identity.node,
                            question->body,
                            [to = found->second.link, id = question->id](Result<Json> body) {
                              to->send(to_json(Answer{.id = id, .body = std::move(body)}));
                            });
  }
  if (!is_manager || !call_manager(identity.node, *question, found->second.link)) {
    session->take(*question);
  }
}

// False for what is no question among managers.
bool NodeSessions::call_manager(const std::string& node,
                                const Question& question,
                                const std::shared_ptr<FrameLink>& link) {
  const ManagerCalls::Reply reply = [link, id = question.id](Result<Json> body) {
    link->send(to_json(Answer{.id = id, .body = std::move(body)}));
  };
  if (question.verb == "api" && calls_.api) {
    calls_.api(question.body, reply);
  } else if (question.verb == "cluster" && calls_.cluster) {
    calls_.cluster(question.body, reply);
  } else if (question.verb == "targets" && calls_.targets) {
    calls_.targets(node, question.body, reply);
  } else {
    return false;
  }
  return true;
}

void NodeSessions::note_end(const FrameLink* link, const std::string& node, const Error& why) {
  const auto waits = waiting_.find(node);
  if (waits != waiting_.end() && waits->second.link.get() == link) waiting_.erase(waits);
  const auto current = sessions_.find(node);
  if (current == sessions_.end() || current->second.link.get() != link) return;
  spdlog::warn("node disconnected node={} reason={}", node, in_quotes(why.message));
  absences_[node] = {.since = loop_->now(), .was_silent = why.code == kLinkSilent};
  current->second.session->end();
  sessions_.erase(current);
}

// It may be waiting for the answer to its farewell.
void NodeSessions::finish_soon(const std::shared_ptr<NodeSession>& session) {
  const std::shared_ptr<Loop::Timer> timer = loop_->make_timer();
  timer->set(kFarewell, [session, timer] { session->link().finish(); });
}

void NodeSessions::note_change(std::string_view key) {
  // First: who is told to stop has no name any more.
  tell_names(key);
  // A session may end while it is told.
  const std::map<std::string, Current> all = sessions_;
  for (const auto& [node, each] : all) {
    if (state().nodes.find(node) == state().nodes.end()) {
      spdlog::info("node removed node={}", node);
      sessions_.erase(node);
      old_reports_.erase(node);
      each.session->end();
      finish_soon(each.session);
    } else {
      each.session->note_change(key);
    }
  }
  tell_roles(key);
  const std::optional<RecordKey> parsed = parse_record_key(key);
  if (parsed.has_value() && parsed->kind == RecordKind::kLogGroup) tell_logs();
  if (parsed.has_value() && is_gossip_ring(*parsed)) tell_gossip_keys();
  const bool is_network = parsed.has_value() && (parsed->kind == RecordKind::kNode ||
                                                 parsed->kind == RecordKind::kNetwork);
  if (!key.empty() && !is_network) return;
  tell_managers();
  tell_network();
}

void NodeSessions::tell_roles(std::string_view key) {
  const std::optional<RecordKey> parsed = parse_record_key(key);
  if (parsed.has_value() && parsed->kind == RecordKind::kNode) {
    const auto found = sessions_.find(parsed->first);
    if (found != sessions_.end()) tell_role(found->second);
  }
}

void NodeSessions::tell_names(std::string_view key) {
  if (sessions_.empty()) return;
  const NameChanges changes = take_name_changes(state(), key, names_);
  if (changes.empty()) return;
  const Json told = to_json(name_changes_news(changes));
  for (const auto& [node, current] : sessions_) current.link->send(told);
}

void NodeSessions::tell_logs() {
  const Json told = to_json(log_terms_news(feed_.state()));
  if (std::exchange(log_terms_, told) == told) return;
  for (const auto& [node, current] : sessions_) current.link->send(told);
}

void NodeSessions::tell_network() {
  const std::map<std::string, NetworkPeer> before = std::exchange(peers_, network_peers(state()));
  const std::string pool_before = std::exchange(pool_, state().network.value.pool);
  const auto changes = peer_changes(before, peers_);
  for (const auto& [node, current] : sessions_) {
    if (pool_ != pool_before || changes.count(node) > 0) {
      current.link->send(to_json(network_news(network_view(state(), node))));
      continue;
    }
    for (const auto& [other, peer] : changes) {
      current.link->send(to_json(peer_news(other, peer)));
    }
  }
}

void NodeSessions::note_admission(const std::string& node, bool is_over) {
  if (!is_over) {
    admitting_.insert(node);
  } else if (admitting_.erase(node) > 0 && !is_connected(node)) {
    absences_[node] = {.since = loop_->now(), .was_here = false};
  }
}

std::optional<NodeAbsence> NodeSessions::absence(const std::string& node) const {
  if (is_connected(node)) return std::nullopt;
  if (admitting_.contains(node)) return NodeAbsence{.since = loop_->now(), .was_here = false};
  const auto found = absences_.find(node);
  // Not seen by this manager so far: as if it had gone when the manager came.
  if (found == absences_.end()) return NodeAbsence{.since = started_, .was_here = false};
  return found->second;
}

void NodeSessions::close() {
  for (const auto& [node, each] : std::exchange(sessions_, {})) each.link->close();
  for (const auto& [node, each] : std::exchange(waiting_, {})) each.link->close();
}

}  // namespace ikada
