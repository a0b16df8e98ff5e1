#include "cluster/node/joining.h"

#include <utility>

#include "cluster/node/frames.h"
#include "cluster/node/uplink.h"

namespace ikada {
namespace {

constexpr int kMostHops = 5;

struct Joining : std::enable_shared_from_this<Joining> {
  explicit Joining(boost::asio::io_context& io) : loop(io) {}

  boost::asio::io_context& loop;
  TlsContext tls;
  int hops = 0;
  JoinWish wish;
  std::function<void(Result<Joined>)> then;
  std::shared_ptr<NodeLink> link;
  JoinKeys keys;
  JoinRequest request;

  void dial() {
    const auto self = shared_from_this();
    link = NodeLink::dial(loop, wish.manager, tls, wish.limits);
    link->start({.on_ready = [self] { self->ask(); },
                 .on_frame = [self](const Json& json) { self->take(json); },
                 .on_end = [self](const Error& why) { self->fail(why); }});
  }

  void go_to_leader(const News& news) {
    std::string manager;
    JsonReader reader(news.body, "leader");
    reader.read("manager", manager);
    const Result<NodeLink::Endpoint> leader = parse_node_endpoint(manager);
    if (!leader.has_value() || ++hops > kMostHops) {
      return fail(make_error(ErrorKind::kUnavailable, "the managers have no leader, try again"));
    }
    link->close();
    wish.manager = *leader;
    dial();
  }

  void finish(Result<Joined> result) {
    link->close();
    if (then) std::exchange(then, nullptr)(std::move(result));
  }

  void fail(const Error& error) {
    if (error.code == kLinkUntrusted) {
      return finish(
          make_error(ErrorKind::kDenied,
                     "manager {}: the token is another cluster's, or of an authority that "
                     "was exchanged since: make a new one there with ikada cluster token",
                     to_text(wish.manager)));
    }
    finish(make_error(error.kind, "manager {}: {}", to_text(wish.manager), error.message));
  }

  void ask() {
    // The chain was verified from the pinned authority on: this is who was pinned.
    const std::string authority = link->authority();
    const Result<std::string> digest = auth::authority_digest(authority);
    const auto& peer = link->peer();
    if (!digest.has_value() || *digest != wish.token.authority || !peer.has_value() ||
        peer->identity.role != auth::NodeRole::kManager) {
      return fail(make_error(ErrorKind::kDenied, "not a manager of the token's cluster"));
    }
    Result<JoinRequest> made = make_join_request(keys);
    if (!made.has_value()) return fail(made.error());
    request = std::move(*made);
    request.secret = wish.token.secret;
    request.name = wish.name;
    request.address = wish.address.empty() ? link->local_address() : wish.address;
    request.version = wish.version;
    request.routes = wish.routes;
    request.has_etcd = wish.has_etcd;
    link->send(to_json(Question{.verb = "join", .id = 1, .body = to_json(request)}));
  }

  void take(const Json& json) {
    const Result<Frame> frame = parse_frame(json);
    if (!frame.has_value()) return fail(frame.error());
    const auto* news = std::get_if<News>(&*frame);
    if (news != nullptr && news->verb == "leader") return go_to_leader(*news);
    const auto* answer = std::get_if<Answer>(&*frame);
    if (answer == nullptr) return;
    if (!answer->body.has_value()) return fail(answer->body.error());
    Result<Membership> membership =
        take_answer(*answer->body, std::move(keys), request, link->authority());
    if (!membership.has_value()) return fail(membership.error());
    const auto manager = answer->body->find("manager");
    finish(Joined{.membership = std::move(*membership),
                  .manager = manager == answer->body->end() ? Json() : *manager});
  }
};

}  // namespace

void join_cluster(boost::asio::io_context& loop,
                  JoinWish wish,
                  std::function<void(Result<Joined>)> then) {
  Result<TlsContext> tls = joining_tls(wish.token.authority);
  if (!tls.has_value()) return then(tls.error());
  auto joining = std::make_shared<Joining>(loop);
  joining->wish = std::move(wish);
  joining->then = std::move(then);
  joining->tls = std::move(*tls);
  joining->dial();
}

}  // namespace ikada
