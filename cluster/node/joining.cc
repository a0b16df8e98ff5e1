#include "cluster/node/joining.h"

#include <utility>

#include "cluster/node/frames.h"
#include "cluster/node/uplink.h"

namespace ikada {
namespace {

struct Joining : std::enable_shared_from_this<Joining> {
  JoinWish wish;
  std::function<void(Result<Membership>)> then;
  std::shared_ptr<NodeLink> link;
  JoinKeys keys;
  JoinRequest request;

  void finish(Result<Membership> result) {
    link->close();
    if (then) std::exchange(then, nullptr)(std::move(result));
  }

  void fail(const Error& error) {
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
    link->send(to_json(Question{.verb = "join", .id = 1, .body = to_json(request)}));
  }

  void take(const Json& json) {
    const Result<Frame> frame = parse_frame(json);
    if (!frame.has_value()) return fail(frame.error());
    const auto* answer = std::get_if<Answer>(&*frame);
    if (answer == nullptr) return;
    if (!answer->body.has_value()) return fail(answer->body.error());
    Result<Membership> membership =
        take_answer(*answer->body, std::move(keys), request, link->authority());
    if (!membership.has_value()) return fail(membership.error());
    finish(std::move(membership));
  }
};

}  // namespace

void join_cluster(boost::asio::io_context& loop,
                  JoinWish wish,
                  std::function<void(Result<Membership>)> then) {
  Result<TlsContext> tls = joining_tls(wish.token.authority);
  if (!tls.has_value()) return then(tls.error());
  auto joining = std::make_shared<Joining>();
  joining->wish = std::move(wish);
  joining->then = std::move(then);
  joining->link =
      NodeLink::dial(loop, joining->wish.manager, std::move(*tls), joining->wish.limits);
  joining->link->start({.on_ready = [joining] { joining->ask(); },
                        .on_frame = [joining](const Json& json) { joining->take(json); },
                        .on_end = [joining](const Error& why) { joining->fail(why); }});
}

}  // namespace ikada
