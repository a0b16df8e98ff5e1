#include "cluster/node/node_link.h"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <openssl/err.h>
#include <openssl/sslerr.h>

#include "runtime/sys/inet_socket.h"

namespace ikada {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

constexpr int kFrameDepth = 64;

// Ours of the other's certificate, or what the other has said of ours.
bool is_about_authority(int reason) {
  return reason == SSL_R_CERTIFICATE_VERIFY_FAILED || reason == SSL_R_TLSV1_ALERT_UNKNOWN_CA ||
         reason == SSL_R_TLSV1_ALERT_DECRYPT_ERROR || reason == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE;
}

Error link_error(const error_code& error, std::string_view what) {
  const bool is_tls = error.category() == asio::error::get_ssl_category();
  Error made = make_error(
      is_tls ? ErrorKind::kDenied : ErrorKind::kUnavailable, "{}: {}", what, error.message());
  if (is_tls && is_about_authority(ERR_GET_REASON(static_cast<unsigned long>(error.value())))) {
    made.code = kLinkUntrusted;
  }
  return made;
}

std::string frame_bytes(const Json& frame) {
  constexpr int kByteBits = 8;
  // What a registry or a program has said may be no UTF-8.
  const std::string text = frame.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string bytes;
  for (int byte = 3; byte >= 0; --byte) {
    bytes += static_cast<char>((text.size() >> (byte * kByteBits)) & 0xff);
  }
  return bytes + text;
}

}  // namespace

NodeLink::NodeLink(Socket socket, TlsContext context, bool is_server, const NodeLinkLimits& limits)
    : context_(std::move(context)),
      stream_(std::move(socket), *context_),
      timer_(stream_.get_executor()),
      limits_(limits),
      is_server_(is_server),
      heard_(SteadyClock::now()),
      said_(heard_) {}

NodeLink::~NodeLink() = default;

std::shared_ptr<NodeLink> NodeLink::accept(Socket socket,
                                           TlsContext context,
                                           const NodeLinkLimits& limits) {
  error_code ignored;
  const Endpoint remote = socket.remote_endpoint(ignored);
  std::shared_ptr<NodeLink> link(new NodeLink(std::move(socket), std::move(context), true, limits));
  link->remote_ = remote;
  return link;
}

std::shared_ptr<NodeLink> NodeLink::dial(asio::io_context& loop,
                                         const Endpoint& to,
                                         TlsContext context,
                                         const NodeLinkLimits& limits) {
  Socket socket(loop);
  error_code ignored;
  // Without a descriptor the connecting opens one, or fails and says so.
  Result<UniqueFd> fd = open_inet_socket(to.protocol().family(), SOCK_STREAM);
  if (fd.has_value()) socket.assign(to.protocol(), fd->release(), ignored);
  std::shared_ptr<NodeLink> link(
      new NodeLink(std::move(socket), std::move(context), false, limits));
  link->remote_ = to;
  return link;
}

void NodeLink::start(Listener listener) {
  listener_ = std::move(listener);
  watch();
  if (is_server_) return shake_hands();
  stream_.next_layer().async_connect(remote_, [self = shared_from_this()](const error_code& error) {
    if (self->is_over_) return;
    if (error) return self->end(link_error(error, "connect"));
    self->shake_hands();
  });
}

void NodeLink::set_listener(Listener listener) { listener_ = std::move(listener); }

void NodeLink::shake_hands() {
  using Role = asio::ssl::stream_base::handshake_type;
  error_code ignored;
  stream_.next_layer().set_option(asio::ip::tcp::no_delay(true), ignored);
  stream_.async_handshake(is_server_ ? Role::server : Role::client,
                          [self = shared_from_this()](const error_code& error) {
                            if (self->is_over_) return;
                            if (error) return self->end(link_error(error, "TLS"));
                            Result<std::optional<auth::CertificateFacts>> peer =
                                verified_peer(self->stream_.native_handle());
                            if (!peer.has_value()) return self->end(peer.error());
                            self->peer_ = std::move(*peer);
                            self->heard_ = SteadyClock::now();
                            self->is_ready_ = true;
                            self->read_size();
                            self->write_next();
                            const std::function<void()> on_ready =
                                std::move(self->listener_.on_ready);
                            if (on_ready) on_ready();
                          });
}

std::string NodeLink::local_address() {
  error_code ignored;
  const asio::ip::address address = stream_.next_layer().local_endpoint(ignored).address();
  return address.to_string();
}

std::string NodeLink::authority() { return sent_authority(stream_.native_handle()); }

void NodeLink::read_size() {
  asio::async_read(
      stream_, asio::buffer(size_), [self = shared_from_this()](const error_code& error, size_t) {
        if (self->is_over_) return;
        if (error) return self->end(link_error(error, "read"));
        std::uint32_t size = 0;
        for (const unsigned char byte : self->size_) size = size << 8U | byte;
        const std::uint32_t limit = self->peer_.has_value() ? self->limits_.frame_bytes
                                                            : self->limits_.stranger_frame_bytes;
        if (size > limit) {
          return self->end(make_error(ErrorKind::kInvalid, "a frame of {} bytes", size));
        }
        self->read_frame(size);
      });
}

void NodeLink::read_frame(std::uint32_t size) {
  frame_.resize(size);
  asio::async_read(
      stream_, asio::buffer(frame_), [self = shared_from_this()](const error_code& error, size_t) {
        if (self->is_over_) return;
        if (error) return self->end(link_error(error, "read"));
        self->take_frame();
      });
}

void NodeLink::take_frame() {
  heard_ = SteadyClock::now();
  const Result<Json> frame =
      parse_json(frame_, {.max_bytes = limits_.frame_bytes, .max_depth = kFrameDepth});
  if (!frame.has_value() || !frame->is_object()) {
    return end(make_error(ErrorKind::kInvalid, "a frame that is no JSON object"));
  }
  // The next is read only when this one has been dealt with.
  const std::shared_ptr<NodeLink> self = shared_from_this();
  // A copy: it may be replaced by what it does.
  const std::function<void(const Json&)> on_frame = listener_.on_frame;
  try {
    if (!frame->contains("ping") && on_frame) on_frame(*frame);
  } catch (const Json::exception& error) {
    // A member of a type that nobody expects.
    return end(make_error(ErrorKind::kInvalid, "a frame: {}", error.what()));
  }
  if (!is_over_) read_size();
}

void NodeLink::send(const Json& frame) {
  if (is_over_ || is_finishing_) return;
  to_write_.push_back(frame_bytes(frame));
  queued_bytes_ += to_write_.back().size();
  if (queued_bytes_ > limits_.queued_bytes) {
    return end(make_error(ErrorKind::kUnavailable, "the other side reads too slowly"));
  }
  write_next();
}

void NodeLink::write_next() {
  if (!is_ready_ || is_writing_ || is_over_) return;
  if (to_write_.empty()) {
    if (is_finishing_) close();
    return;
  }
  is_writing_ = true;
  said_ = SteadyClock::now();
  asio::async_write(stream_,
                    asio::buffer(to_write_.front()),
                    [self = shared_from_this()](const error_code& error, size_t) {
                      self->is_writing_ = false;
                      if (self->is_over_) return;
                      if (error) return self->end(link_error(error, "write"));
                      self->queued_bytes_ -= self->to_write_.front().size();
                      self->to_write_.pop_front();
                      self->write_next();
                    });
}

// Looks now and then whether the link is still alive, and says that we are.
void NodeLink::watch() {
  timer_.expires_after(limits_.ping_after / 2);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->is_over_) return;
    const SteadyClock::time_point now = SteadyClock::now();
    if (now - self->heard_ > self->limits_.silence_limit) {
      Error silent = make_error(ErrorKind::kUnavailable, "nothing heard any more");
      silent.code = kLinkSilent;
      return self->end(silent);
    }
    const bool is_silent =
        self->is_ready_ && !self->is_writing_ && now - self->said_ >= self->limits_.ping_after / 2;
    if (is_silent) self->send({{"ping", Json::object()}});
    if (!self->is_over_) self->watch();
  });
}

void NodeLink::end(const Error& why) {
  if (is_over_) return;
  const std::function<void(const Error&)> on_end =
      is_finishing_ ? nullptr : std::move(listener_.on_end);
  close();
  if (on_end) on_end(why);
}

void NodeLink::finish() {
  if (is_over_ || is_finishing_) return;
  is_finishing_ = true;
  listener_.on_frame = nullptr;
  write_next();
}

void NodeLink::close() {
  if (is_over_) return;
  is_over_ = true;
  timer_.cancel();
  error_code ignored;
  stream_.next_layer().shutdown(Socket::shutdown_both, ignored);
  stream_.next_layer().close(ignored);
  // What the callbacks hold may hold this link. Not now: one of them may be running.
  asio::post(stream_.get_executor(), [self = shared_from_this()] { self->listener_ = {}; });
}

}  // namespace ikada
