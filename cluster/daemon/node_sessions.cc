#include "cluster/daemon/node_sessions.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/state/record_key.h"

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kFarewell{300};

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

FrameLink::Listener NodeSessions::greet(const std::shared_ptr<FrameLink>& link,
                                        const auth::NodeIdentity& identity) {
  const std::string& node = identity.node;
  const auto record = state().nodes.find(node);
  const bool is_member = identity.cluster == keys_.cluster && record != state().nodes.end() &&
                         record->second.value.role == auth::to_text(identity.role);
  if (!is_member) {
    link->send(to_json(News{.verb = "refused", .body = Json::object()}));
    link->finish();
    return {};
  }
  auto session =
      std::make_shared<NodeSession>(link, node, keys_, api_, feed_, certificate_lifetime_s_);
  if (const auto old = sessions_.find(node); old != sessions_.end()) old->second->link().close();
  sessions_[node] = session;
  absences_.erase(node);
  link->send(to_json(network_news(network_view(state(), node))));
  const std::weak_ptr<NodeSession> weak = session;
  return {.on_ready = {},
          .on_frame =
              [weak](const Json& json) {
                const std::shared_ptr<NodeSession> to = weak.lock();
                const Result<Frame> frame = parse_frame(json);
                if (to == nullptr || !frame.has_value()) return;
                if (const auto* question = std::get_if<Question>(&*frame)) to->take(*question);
              },
          .on_end = [self = shared_from_this(),
                     weak](const Error& why) { self->note_end(weak.lock(), why); }};
}

void NodeSessions::note_end(const std::shared_ptr<NodeSession>& session, const Error& why) {
  if (session == nullptr) return;
  const auto current = sessions_.find(session->node());
  if (current == sessions_.end() || current->second != session) return;
  spdlog::warn("node disconnected node={} reason=\"{}\"", session->node(), why.message);
  absences_[session->node()] = {.since = loop_->now(), .was_silent = why.code == kLinkSilent};
  sessions_.erase(session->node());
}

// It may be waiting for the answer to its farewell.
void NodeSessions::finish_soon(const std::shared_ptr<NodeSession>& session) {
  const std::shared_ptr<Loop::Timer> timer = loop_->make_timer();
  timer->set(kFarewell, [session, timer] { session->link().finish(); });
}

void NodeSessions::note_change(std::string_view key) {
  // A session may end while it is told.
  const std::map<std::string, std::shared_ptr<NodeSession>> all = sessions_;
  for (const auto& [node, session] : all) {
    if (state().nodes.find(node) == state().nodes.end()) {
      spdlog::info("node removed node={}", node);
      sessions_.erase(node);
      finish_soon(session);
    } else {
      session->note_change(key);
    }
  }
  const std::optional<RecordKey> parsed = parse_record_key(key);
  const bool is_network = parsed.has_value() && (parsed->kind == RecordKind::kNode ||
                                                 parsed->kind == RecordKind::kNetwork);
  if (key.empty() || is_network) tell_network();
}

void NodeSessions::tell_network() {
  const std::map<std::string, NetworkPeer> before = std::exchange(peers_, network_peers(state()));
  const std::string pool_before = std::exchange(pool_, state().network.value.pool);
  const auto changes = peer_changes(before, peers_);
  for (const auto& [node, session] : sessions_) {
    if (pool_ != pool_before || changes.count(node) > 0) {
      session->link().send(to_json(network_news(network_view(state(), node))));
      continue;
    }
    for (const auto& [other, peer] : changes) {
      session->link().send(to_json(peer_news(other, peer)));
    }
  }
}

std::optional<NodeAbsence> NodeSessions::absence(const std::string& node) const {
  if (is_connected(node)) return std::nullopt;
  const auto found = absences_.find(node);
  // Not seen by this manager so far: as if it had gone when the manager came.
  if (found == absences_.end()) return NodeAbsence{.since = started_, .was_here = false};
  return found->second;
}

void NodeSessions::close() {
  for (const auto& [node, session] : std::exchange(sessions_, {})) session->link().close();
}

}  // namespace ikada
