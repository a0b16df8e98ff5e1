#include "cluster/daemon/node_server.h"

#include <algorithm>
#include <set>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>

#include "cluster/agent/asio_loop.h"
#include "cluster/daemon/task_subnets.h"
#include "cluster/node/admission.h"
#include "cluster/node/uplink.h"
#include "cluster/state/record_key.h"
#include "runtime/base/clock.h"
#include "runtime/base/printable.h"
#include "runtime/base/random_id.h"
#include "runtime/sys/inet_socket.h"

namespace ikada {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kNodeIdBytes = 16;
constexpr std::chrono::milliseconds kListenPause{100};
constexpr std::chrono::seconds kStrangerTime{5};
constexpr size_t kStrangersOfOneAddress = 8;
constexpr int kAdmitAttempts = 20;

Timestamp server_now() { return {unix_now() / 1'000'000}; }

Result<void> check_routes(const ScopeState& state, const JoinRequest& request) {
  if (state.network.revision == 0) return {};
  std::vector<HostRoute> routes;
  for (const std::string& text : request.routes) {
    IK_LET(route, parse_host_route(text));
    routes.push_back(std::move(route));
  }
  return check_task_network(state.network.value, routes);
}

}  // namespace

struct NodeServer::Server : std::enable_shared_from_this<NodeServer::Server> {
  Server(boost::asio::io_context& io,
         const ClusterKeys& cluster_keys,
         ApiServer& api_server,
         StateFeed& state_feed,
         NodeServerOptions given)
      : loop(io),
        keys(cluster_keys),
        api(api_server),
        feed(state_feed),
        options(std::move(given)),
        scope{.account = api.options().account, .region = api.options().home_region},
        acceptor(loop),
        pause(loop),
        sessions(std::make_shared<NodeSessions>(
            std::make_shared<AsioLoop>(io), keys, api, feed, options.certificate_lifetime_s)) {
    sessions->set_managers(options.managers);
    sessions->set_calls(options.calls);
  }

  const ScopeState& state() const { return feed.state().scope(scope); }

  Result<void> listen() {
    error_code error;
    IK_LET(fd, open_inet_socket(options.listen.protocol().family(), SOCK_STREAM));
    acceptor.assign(options.listen.protocol(), fd.release(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(options.listen, error);
    if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
    if (!error) return {};
    return make_error(
        error == boost::asio::error::address_in_use ? ErrorKind::kConflict : ErrorKind::kSystem,
        "listen on {}: {}",
        to_text(options.listen),
        error.message());
  }

  void accept() {
    acceptor.async_wait(tcp::acceptor::wait_read,
                        [self = shared_from_this()](const error_code& error) {
                          if (error || !self->acceptor.is_open()) return;
                          Result<UniqueFd> fd = accept_connection(self->acceptor.native_handle());
                          if (fd.has_value()) self->take(std::move(*fd));
                          if (fd.has_value() || fd.error().kind == ErrorKind::kUnavailable)
                            return self->accept();
                          // Out of descriptors, perhaps: they come back.
                          self->pause.expires_after(kListenPause);
                          self->pause.async_wait([self](const error_code& cancelled) {
                            if (!cancelled) self->accept();
                          });
                        });
  }

  // Whoever has not said who it is by then, signs of life or not, makes room for others.
  void limit_stranger(const std::weak_ptr<NodeLink>& weak) {
    auto timer = std::make_shared<boost::asio::steady_timer>(loop, kStrangerTime);
    timer->async_wait([self = shared_from_this(), weak, timer](const error_code&) {
      const std::shared_ptr<NodeLink> link = weak.lock();
      if (link == nullptr || self->strangers.erase(link) == 0) return;
      link->close();
    });
  }

  size_t strangers_from(const boost::asio::ip::address& address) const {
    return static_cast<size_t>(
        std::count_if(strangers.begin(), strangers.end(), [&](const auto& link) {
          return link->remote().address() == address;
        }));
  }

  void take(UniqueFd fd) {
    if (strangers.size() >= options.max_strangers) return;
    if (sessions->size() + strangers.size() >= options.max_links) return;
    error_code error;
    tcp::socket socket(loop);
    socket.assign(options.listen.protocol(), fd.get(), error);
    if (error) return;
    static_cast<void>(fd.release());
    const boost::asio::ip::address address = socket.remote_endpoint(error).address();
    if (error || strangers_from(address) >= kStrangersOfOneAddress) return;
    const std::shared_ptr<NodeLink> link = NodeLink::accept(std::move(socket), tls, options.limits);
    strangers.insert(link);
    const std::weak_ptr<NodeLink> weak = link;
    limit_stranger(weak);
    link->start({.on_ready =
                     [self = shared_from_this(), weak] {
                       if (const auto ready = weak.lock()) self->greet(ready);
                     },
                 .on_frame =
                     [self = shared_from_this(), weak](const Json& frame) {
                       if (const auto from = weak.lock()) self->hear_stranger(from, frame);
                     },
                 .on_end =
                     [self = shared_from_this(), weak](const Error&) {
                       if (const auto over = weak.lock()) self->strangers.erase(over);
                     }});
  }

  // After the handshake: a node, or somebody who wants to join.
  void greet(const std::shared_ptr<NodeLink>& link) {
    const auto& peer = link->peer();
    if (!peer.has_value()) return;
    strangers.erase(link);
    const std::string address = to_text(link->remote());
    FrameLink::Listener listener =
        sessions->greet(link, peer->identity, link->remote().address().to_string());
    const bool is_taken = listener.on_frame != nullptr;
    if (is_taken) link->set_listener(std::move(listener));
    const bool is_refused = !is_taken && sessions->leads();
    // Told once, and it comes again and again.
    if (is_refused && sessions->is_doubled(peer->identity.node)) return;
    spdlog::log(is_refused ? spdlog::level::warn : spdlog::level::info,
                "node {} node={} address={}",
                is_taken ? "connected" : (is_refused ? "refused" : "sent to the leader"),
                peer->identity.node,
                address);
  }

  void hear_stranger(const std::shared_ptr<NodeLink>& link, const Json& json) {
    const Result<Frame> frame = parse_frame(json);
    const auto* question = frame.has_value() ? std::get_if<Question>(&*frame) : nullptr;
    if (question == nullptr || question->verb != "join") {
      strangers.erase(link);
      return link->close();
    }
    if (!sessions->leads() && !sessions->leader().empty()) {
      strangers.erase(link);
      link->send(to_json(News{.verb = "leader", .body = {{"manager", sessions->leader()}}}));
      return link->finish();
    }
    if (!sessions->leads()) {
      return refuse(
          link,
          question->id,
          make_error(ErrorKind::kUnavailable, "the managers have no leader just now, try again"));
    }
    admit(link, question->id, parse_join_request(question->body));
  }

  void admit(const std::shared_ptr<NodeLink>& link, std::int64_t id, Result<JoinRequest> request) {
    if (!request.has_value()) return refuse(link, id, request.error());
    const Result<auth::NodeRole> role = check_join_secret(state(), request->secret, server_now());
    if (!role.has_value()) return refuse(link, id, role.error());
    const Result<void> is_free = check_new_node(state(), *request, [this](const std::string& node) {
      return sessions->is_connected(node);
    });
    if (!is_free.has_value()) return refuse(link, id, is_free.error());
    if (*role == auth::NodeRole::kManager) {
      const Result<void> allowed = check_new_manager(state(), *request);
      if (!allowed.has_value()) return refuse(link, id, allowed.error());
    }
    // What an attempt that was broken off has left goes with this one.
    std::vector<std::string> ghosts;
    for (const auto& [ghost, node] : state().nodes) {
      if (is_same_host(node.value, *request) && !sessions->is_connected(ghost)) {
        ghosts.push_back(ghost);
      }
    }
    // It has shown who it is: what follows may take its time.
    strangers.erase(link);
    const Result<Admitted> admitted =
        admit_node(keys,
                   *request,
                   {.role = *role,
                    .id = random_hex(kNodeIdBytes),
                    .now = server_now(),
                    .certificate_lifetime_s = options.certificate_lifetime_s,
                    .managers = options.managers});
    if (!admitted.has_value()) return refuse(link, id, admitted.error());
    const Result<void> checked = check_routes(state(), *request);
    if (!checked.has_value()) return refuse(link, id, checked.error());
    store(link, id, *admitted, ghosts, kAdmitAttempts);
  }

  // Anew with the next subnet if another host was faster.
  void store(const std::shared_ptr<NodeLink>& link,
             std::int64_t id,
             const Admitted& admitted,
             const std::vector<std::string>& ghosts,
             int attempts) {
    Node node = admitted.node;
    Proposal proposal;
    const Result<void> given = give_subnet(state(), node, proposal);
    if (!given.has_value()) return refuse(link, id, given.error());
    proposal.put(node_key(scope, node.id), node, 0);
    for (const std::string& ghost : ghosts) {
      const auto record = state().nodes.find(ghost);
      if (record != state().nodes.end()) {
        proposal.remove(node_key(scope, ghost), record->second.revision);
      }
    }
    api.propose(proposal,
                [self = shared_from_this(), link, id, admitted, ghosts, node, attempts](bool made) {
                  if (!made && attempts > 1)
                    return self->store(link, id, admitted, ghosts, attempts - 1);
                  if (!made) {
                    return self->refuse(link,
                                        id,
                                        make_error(ErrorKind::kUnavailable,
                                                   "the manager could not store the node"));
                  }
                  spdlog::info("node joined node={} name={} role={} address={}",
                               node.id,
                               node.name,
                               node.role,
                               node.address);
                  if (node.role == "manager") return self->admit_manager(link, id, admitted);
                  self->answer(link, Answer{.id = id, .body = admitted.answer});
                });
  }

  void admit_manager(const std::shared_ptr<NodeLink>& link,
                     std::int64_t id,
                     const Admitted& admitted) {
    // It may have to wait until others have come.
    sessions->note_admission(admitted.node.id, false);
    options.calls.admit(
        admitted.node, [self = shared_from_this(), link, id, admitted](const Result<Json>& ready) {
          self->sessions->note_admission(admitted.node.id, true);
          if (ready.has_value()) {
            Json body = admitted.answer;
            body["manager"] = *ready;
            body["managers"] = self->options.managers;
            return self->answer(link, Answer{.id = id, .body = std::move(body)});
          }
          self->refuse(link, id, ready.error());
          const auto record = self->state().nodes.find(admitted.node.id);
          if (record == self->state().nodes.end()) return;
          Proposal proposal;
          proposal.remove(node_key(self->scope, admitted.node.id), record->second.revision);
          self->api.propose(proposal, [](bool) {});
        });
  }

  void refuse(const std::shared_ptr<NodeLink>& link, std::int64_t id, const Error& why) {
    spdlog::warn(
        "join refused address={} reason={}", to_text(link->remote()), in_quotes(why.message));
    answer(link, Answer{.id = id, .body = why});
  }

  void answer(const std::shared_ptr<NodeLink>& link, const Answer& text) {
    strangers.erase(link);
    link->send(to_json(text));
    link->finish();
  }

  boost::asio::io_context& loop;
  const ClusterKeys& keys;
  ApiServer& api;
  StateFeed& feed;
  NodeServerOptions options;
  Scope scope;
  TlsContext tls;
  tcp::acceptor acceptor;
  boost::asio::steady_timer pause;
  std::set<std::shared_ptr<NodeLink>> strangers;
  std::shared_ptr<NodeSessions> sessions;
};

Result<std::unique_ptr<NodeServer>> NodeServer::create(boost::asio::io_context& loop,
                                                       const ClusterKeys& keys,
                                                       const NodeCredentials& credentials,
                                                       ApiServer& api,
                                                       StateFeed& feed,
                                                       NodeServerOptions options) {
  auto server = std::make_shared<Server>(loop, keys, api, feed, std::move(options));
  IK_LET(tls, node_server_tls(credentials));
  server->tls = std::move(tls);
  IK_TRY(server->listen());
  return std::unique_ptr<NodeServer>(new NodeServer(std::move(server)));
}

NodeServer::~NodeServer() { stop(); }

Result<void> NodeServer::use(const NodeCredentials& credentials) {
  IK_LET(tls, node_server_tls(credentials));
  server_->tls = std::move(tls);
  return {};
}

void NodeServer::start() { server_->accept(); }

void NodeServer::stop() {
  error_code ignored;
  server_->acceptor.close(ignored);
  server_->pause.cancel();
  for (const auto& link : std::exchange(server_->strangers, {})) link->close();
  server_->sessions->close();
}

void NodeServer::lead(const std::string& silent) { server_->sessions->lead(silent); }
void NodeServer::follow(const std::string& leader) { server_->sessions->follow(leader); }
void NodeServer::set_managers(std::vector<std::string> managers) {
  if (server_->options.managers == managers) return;
  server_->options.managers = managers;
  server_->sessions->set_managers(std::move(managers));
}

void NodeServer::note_change(std::string_view key) { server_->sessions->note_change(key); }

bool NodeServer::is_connected(const std::string& node) const {
  return server_->sessions->is_connected(node);
}

std::optional<auth::NodeRole> NodeServer::role_of(const std::string& node) const {
  return server_->sessions->role_of(node);
}

std::vector<std::string> NodeServer::gossip_keys_of(const std::string& node) const {
  return server_->sessions->gossip_keys_of(node);
}

void NodeServer::tell_all(const News& news) { server_->sessions->tell_all(news); }

void NodeServer::tell(const std::string& node, const News& news) {
  server_->sessions->tell(node, news);
}

HeldKeys NodeServer::held_keys_of(const std::string& node) const {
  return server_->sessions->held_keys_of(node);
}

bool NodeServer::is_doubled(const std::string& node) const {
  return server_->sessions->is_doubled(node);
}

std::optional<NodeAbsence> NodeServer::absence(const std::string& node) const {
  return server_->sessions->absence(node);
}

}  // namespace ikada
