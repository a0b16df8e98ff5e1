#include "cluster/node/uplink.h"

#include <algorithm>
#include <utility>

#include "cluster/agent/asio_loop.h"
#include "cluster/gossip/statement.h"

namespace ikada {

Uplink::Uplink(boost::asio::io_context& loop, UplinkOptions options)
    : Uplink(std::make_shared<AsioLoop>(loop),
             std::move(options),
             [this, &loop](const std::string& manager, FrameLink::Listener listener) {
               return dial_tls(loop, manager, std::move(listener));
             }) {}

Uplink::Uplink(std::shared_ptr<Loop> loop, UplinkOptions options, Dial dial)
    : loop_(std::move(loop)),
      options_(std::move(options)),
      dial_(std::move(dial)),
      pause_(options_.retry),
      timer_(loop_->make_timer()) {}

Uplink::~Uplink() { stop(); }

void Uplink::start(Listener listener) {
  listener_ = std::move(listener);
  connect();
}

void Uplink::connect() {
  manager_ = std::exchange(leader_, {});
  if (manager_.empty()) manager_ = options_.managers[turn_++ % options_.managers.size()];
  Result<std::shared_ptr<FrameLink>> link =
      dial_(manager_,
            {// It is not known yet whether that one leads.
             .on_ready = [] {},
             .on_frame = [this](const Json& json) { take(json); },
             .on_end =
                 [this, manager = manager_](const Error& why) {
                   Error told = why;
                   told.message = fmt::format("manager {}: {}", manager, why.message);
                   lost(told);
                 }});
  if (!link.has_value()) return lost(link.error());
  link_ = std::move(*link);
}

Result<std::shared_ptr<FrameLink>> Uplink::dial_tls(boost::asio::io_context& loop,
                                                    const std::string& manager,
                                                    FrameLink::Listener listener) {
  IK_LET(endpoint, parse_node_endpoint(manager));
  const std::shared_ptr<NodeLink> link =
      NodeLink::dial(loop, endpoint, options_.tls, options_.limits);
  listener.on_ready = [weak = std::weak_ptr<NodeLink>(link),
                       on_ready = std::move(listener.on_ready),
                       on_end = listener.on_end] {
    const std::shared_ptr<NodeLink> ready = weak.lock();
    if (ready == nullptr) return;
    const auto& peer = ready->peer();
    if (peer.has_value() && peer->identity.role == auth::NodeRole::kManager) return on_ready();
    ready->close();
    on_end(make_error(ErrorKind::kDenied, "it is no manager"));
  };
  link->start(std::move(listener));
  return link;
}

void Uplink::take(const Json& json) {
  Result<Frame> frame = parse_frame(json);
  if (!frame.has_value()) return;  // Of a newer version; what it does not answer is lost anyway.
  const auto* news = std::get_if<News>(&*frame);
  if (news != nullptr && news->verb == "leader") return follow(*news);
  if (news != nullptr && news->verb == "managers" && !is_connected_) {
    timer_->cancel();
    was_told_ = false;
    pause_ = options_.retry;
    is_connected_ = true;
    if (listener_.on_connected) listener_.on_connected();
  }
  if (news != nullptr) {
    if (listener_.on_news) listener_.on_news(*news);
    return;
  }
  const auto* answer = std::get_if<Answer>(&*frame);
  if (answer == nullptr) return;
  const auto found = open_.find(answer->id);
  if (found == open_.end()) return;
  const Answered then = std::move(found->second);
  open_.erase(found);
  then(answer->body);
}

// The manager does not lead, or no longer.
void Uplink::follow(const News& news) {
  std::string manager;
  JsonReader reader(news.body, "leader");
  reader.read("manager", manager);
  is_connected_ = false;
  const Error moved = make_error(ErrorKind::kUnavailable, "the leading manager changes");
  if (manager.empty()) {
    timer_->set(options_.patience, [this] {
      if (!is_stopped_) try_another();
    });
    return fail_all(moved);
  }
  leader_ = manager;
  pause_ = options_.retry;
  link_->close();
  timer_->set(pause_, [this] {
    if (!is_stopped_) connect();
  });
  fail_all(moved);
}

// Two that take part no more would wait for each other for ever.
void Uplink::try_another() {
  link_->close();
  connect();
}

void Uplink::ask(std::string verb, Json body, Answered then) {
  if (!is_connected_) {
    return then(make_error(ErrorKind::kUnavailable, "no manager can be reached"));
  }
  const std::int64_t id = ++last_id_;
  open_.emplace(id, std::move(then));
  link_->send(to_json(Question{.verb = std::move(verb), .id = id, .body = std::move(body)}));
}

void Uplink::lost(const Error& why) {
  if (is_stopped_) return;
  is_connected_ = false;
  timer_->set(pause_, [this] {
    if (!is_stopped_) connect();
  });
  pause_ = std::min(pause_ * 2, options_.retry_max);
  fail_all(why);
  if (was_told_ || is_stopped_) return;
  was_told_ = true;
  if (listener_.on_lost) listener_.on_lost(why);
}

void Uplink::fail_all(const Error& why) {
  Error error = why;
  error.kind = ErrorKind::kUnavailable;
  for (auto& [id, then] : std::exchange(open_, {})) then(error);
}

void Uplink::stop() {
  if (is_stopped_) return;
  is_stopped_ = true;
  is_connected_ = false;
  timer_->cancel();
  if (link_ != nullptr) link_->close();
  open_.clear();
}

void Uplink::give_up(const Error& why) {
  is_connected_ = false;
  fail_all(why);
  stop();
}

Result<NodeLink::Endpoint> parse_node_endpoint(std::string_view text) {
  IK_LET(endpoint, gossip::parse_endpoint(text));
  boost::asio::ip::address_v6::bytes_type bytes;
  std::copy(endpoint.address.begin(), endpoint.address.end(), bytes.begin());
  const boost::asio::ip::address_v6 address(bytes);
  if (!address.is_v4_mapped()) return NodeLink::Endpoint(address, endpoint.port);
  return NodeLink::Endpoint(boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address),
                            endpoint.port);
}

std::string to_text(const NodeLink::Endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                    : fmt::format("{}:{}", address, endpoint.port());
}

}  // namespace ikada
