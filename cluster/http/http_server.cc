#include "cluster/http/http_server.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <spdlog/spdlog.h>

#include "cluster/http/byte_pump.h"
#include "runtime/base/error.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Protocol = asio::generic::stream_protocol;
using Stream = beast::basic_stream<Protocol>;
using TlsStream = asio::ssl::stream<Stream&>;
using Yield = asio::yield_context;
using Response = http::response<http::string_body>;

// How long to leave the listener alone when the process is out of descriptors.
constexpr std::chrono::milliseconds kAcceptPause{100};

constexpr size_t kMostLargeAtOnce = 32;
constexpr unsigned kIsRead = 200;
constexpr unsigned kTooLarge = 413;
constexpr unsigned kNotNow = 503;

Response make_response(const HttpReply& reply, unsigned version, bool keep_alive) {
  Response response(static_cast<http::status>(reply.status), version);
  response.set(http::field::server, "ikadad/" IKADA_VERSION);
  response.set(http::field::content_type, reply.content_type);
  for (const HttpHeader& header : reply.headers) response.set(header.name, header.value);
  response.keep_alive(keep_alive);
  response.body() = reply.body;
  response.prepare_payload();
  return response;
}

// The status for a request that could not be read; 0 if there is nobody to tell.
unsigned status_for(const beast::error_code& error) {
  if (error == http::error::end_of_stream || error == beast::error::timeout) return 0;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::body_limit) return 413;
  if (error.category() == http::make_error_code(http::error::bad_method).category()) return 400;
  return 0;
}

const char* text_for(unsigned status) {
  if (status == 431) return "{\"error\":\"the head of the request is too large\"}\n";
  if (status == 413) return "{\"error\":\"the body of the request is too large\"}\n";
  if (status == 503) return "{\"error\":\"too many large requests at once\"}\n";
  return "{\"error\":\"not an HTTP request\"}\n";
}

HttpRequest make_request(const http::request<http::string_body>& message, const HttpPeer& peer) {
  HttpRequest request{.method = std::string(message.method_string()),
                      .target = std::string(message.target()),
                      .body = message.body(),
                      .peer = peer};
  for (const auto& field : message) {
    request.headers.push_back(
        {.name = std::string(field.name_string()), .value = std::string(field.value())});
  }
  return request;
}

int family_of(int fd) {
  int family = AF_UNSPEC;
  socklen_t size = sizeof family;
  static_cast<void>(::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size));
  return family;
}

// Whether it is a request for what is below /v2; nothing if that does not show yet.
std::optional<bool> is_for_registry(std::string_view text) {
  constexpr std::string_view kPath = "/v2";
  constexpr size_t kLongestMethod = 16;
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) {
    return text.size() < kLongestMethod ? std::optional<bool>() : false;
  }
  const std::string_view path = text.substr(space + 1);
  if (path.size() <= kPath.size() && kPath.starts_with(path)) return std::nullopt;
  if (!path.starts_with(kPath)) return false;
  const char next = path[kPath.size()];
  return next == '/' || next == ' ' || next == '?';
}

HttpPeer peer_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const generic = reinterpret_cast<sockaddr*>(&storage);
  if (::getpeername(fd, generic, &size) != 0) return {};
  if (storage.ss_family == AF_UNIX) {
    HttpPeer peer{.address = "unix"};
    ucred credentials{};
    size = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
      peer.uid = credentials.uid;
    }
    return peer;
  }
  std::array<char, NI_MAXHOST> host{};
  if (::getnameinfo(generic, size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
    return {};
  }
  // How IPv4 looks on a socket for both.
  constexpr std::string_view kMapped = "::ffff:";
  std::string address = host.data();
  if (address.starts_with(kMapped) && address.find('.') != std::string::npos) {
    address.erase(0, kMapped.size());
  }
  return {.address = std::move(address)};
}

// A connection counts as half-open from begin() to end(), or as long as this lives.
class HalfOpen {
 public:
  HalfOpen(std::map<std::string, size_t>& counts, std::string address)
      : counts_(counts), address_(std::move(address)) {
    begin();
  }
  HalfOpen(const HalfOpen&) = delete;
  HalfOpen& operator=(const HalfOpen&) = delete;
  ~HalfOpen() { end(); }

  void begin() {
    if (!std::exchange(is_counted_, true)) ++counts_[address_];
  }

  void end() {
    if (!std::exchange(is_counted_, false)) return;
    const auto at = counts_.find(address_);
    if (--at->second == 0) counts_.erase(at);
  }

 private:
  std::map<std::string, size_t>& counts_;
  const std::string address_;
  bool is_counted_ = false;
};

// One of those that are counted, as long as it lives.
class Counted {
 public:
  explicit Counted(size_t& count) : count_(&count) { ++count; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --*count_; }

 private:
  size_t* count_;
};

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const HttpHeader& each) {
    return beast::iequals(each.name, name);
  });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

struct HttpServer::State : std::enable_shared_from_this<HttpServer::State> {
  State(asio::io_context& io, UniqueFd listener, const HttpLimits& given, Route function)
      : loop(io),
        family(family_of(listener.get())),
        acceptor(io, listener.release()),
        limits(given),
        route(std::move(function)) {}

  // The client's socket, or an empty one if there was none to take.
  UniqueFd accept_one() {
    // Asio's own accept leaves the descriptor open across exec.
    return UniqueFd(
        ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  }

  void accept_all(const Yield& yield) {
    beast::error_code error;
    // A client that is gone before it was accepted must not stop the loop.
    acceptor.non_blocking(true, error);
    asio::steady_timer pause(loop);
    while (acceptor.is_open()) {
      acceptor.async_wait(asio::posix::stream_descriptor::wait_read, yield[error]);
      if (error) return;
      UniqueFd client = accept_one();
      if (!client && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)) continue;
      if (!client) {
        spdlog::warn("accept: {}, retrying in {} ms", errno_text(errno), kAcceptPause.count());
        pause.expires_after(kAcceptPause);
        pause.async_wait(yield[error]);
        continue;
      }
      if (streams.size() >= limits.connections) continue;  // Closes it.
      start_connection(std::move(client));
    }
  }

  // Whether there are as many half-open connections of that address as there may be.
  bool is_full(const std::string& address) const {
    const auto found = half_open.find(address);
    return limits.half_open_of_address > 0 && found != half_open.end() &&
           found->second >= limits.half_open_of_address;
  }

  void start_connection(UniqueFd client) {
    auto stream = std::make_shared<Stream>(loop, Protocol(family, 0), client.get());
    const HttpPeer peer = peer_of(client.get());
    static_cast<void>(client.release());
    if (is_full(peer.address)) return;  // Closes it.
    auto opening = std::make_shared<HalfOpen>(half_open, peer.address);
    streams.insert(stream);
    asio::spawn(
        loop,
        [self = shared_from_this(), stream, peer, kept = tls, opening](const Yield& yield) {
          if (kept == nullptr) {
            self->serve(*stream, *stream, peer, *opening, yield);
          } else {
            self->serve_tls(*stream, *kept, peer, *opening, yield);
          }
          self->streams.erase(stream);
        },
        asio::detached);
  }

  void serve_tls(Stream& stream,
                 asio::ssl::context& context,
                 HttpPeer peer,
                 HalfOpen& opening,
                 const Yield& yield) {
    TlsStream encrypted(stream, context);
    beast::error_code error;
    stream.expires_after(limits.idle);
    encrypted.async_handshake(asio::ssl::stream_base::server, yield[error]);
    if (error) return;
    peer.tls_version = ::SSL_get_version(encrypted.native_handle());
    peer.cipher = ::SSL_get_cipher_name(encrypted.native_handle());
    serve(encrypted, stream, peer, opening, yield);
    stream.expires_after(limits.idle);
    encrypted.async_shutdown(yield[error]);
  }

  // One request after another until the client, an error or a limit ends it. `lowest` is the one
  // with the socket and the deadline; `opening` ends with a request, and begins anew if that was
  // not let in.
  template <typename AnyStream>
  void serve(AnyStream& stream,
             Stream& lowest,
             const HttpPeer& peer,
             HalfOpen& opening,
             const Yield& yield) {
    beast::flat_buffer buffer(limits.head_bytes + (std::size_t{64} << 10));
    while (true) {
      lowest.expires_after(limits.idle);
      if (give && gave_away(stream, lowest, buffer, peer, yield)) return;
      http::request_parser<http::string_body> parser;
      std::optional<Counted> large;
      const unsigned refused = read(stream, buffer, parser, peer, large, yield);
      if (refused != kIsRead) {
        refuse(stream, lowest, refused, yield);
        return;
      }
      opening.end();
      const auto& message = parser.get();
      const HttpReply reply = ask(make_request(message, peer), yield);
      // Strangers that are too many already have no second try.
      const bool goes_on = message.keep_alive() && (reply.is_let_in || !is_full(peer.address));
      if (!reply.is_let_in) opening.begin();
      const Response response = make_response(reply, message.version(), goes_on);
      beast::error_code error;
      // Whoever answers may have taken its time, and the request, too.
      lowest.expires_after(limits.idle);
      http::async_write(stream, response, yield[error]);
      if (error || !goes_on) return;
    }
  }

  // A whole request. kIsRead, or the status for one that could not be read; 0 if there is nobody to
  // tell. A large one is counted.
  template <typename AnyStream>
  unsigned read(AnyStream& stream,
                beast::flat_buffer& buffer,
                http::request_parser<http::string_body>& parser,
                const HttpPeer& peer,
                std::optional<Counted>& large,
                const Yield& yield) {
    parser.header_limit(limits.head_bytes);
    parser.body_limit(std::max(limits.body_bytes, limits.large_body_bytes));
    beast::error_code error;
    http::async_read_header(stream, buffer, parser, yield[error]);
    if (error) return status_for(error);
    std::uint64_t limit = limits.body_bytes;
    if (limits.is_large != nullptr && limits.is_large(make_request(parser.get(), peer))) {
      limit = limits.large_body_bytes;
      // Without a length it is large.
      const bool is_counted = parser.content_length().value_or(limit) > limits.body_bytes;
      if (is_counted && large_bodies >= kMostLargeAtOnce) return kNotNow;
      if (is_counted) large.emplace(large_bodies);
    }
    if (parser.content_length().value_or(0) > limit) return kTooLarge;
    parser.body_limit(limit);
    http::async_read(stream, buffer, parser, yield[error]);
    return error ? status_for(error) : kIsRead;
  }

  // Whether the connection is the registry's from here on, or over.
  template <typename AnyStream>
  bool gave_away(AnyStream& stream,
                 Stream& lowest,
                 beast::flat_buffer& buffer,
                 const HttpPeer& peer,
                 const Yield& yield) {
    constexpr size_t kPeekBytes = 4096;
    beast::error_code error;
    std::optional<bool> is_registrys;
    const auto text = [&] {
      return std::string_view(static_cast<const char*>(buffer.data().data()), buffer.size());
    };
    while (!(is_registrys = is_for_registry(text())).has_value()) {
      buffer.commit(stream.async_read_some(buffer.prepare(kPeekBytes), yield[error]));
      if (error) return true;
    }
    if (!*is_registrys) return false;
    Given given{.socket = {}, .peer = peer, .early_bytes = std::string(text())};
    if constexpr (std::is_same_v<AnyStream, Stream>) {
      Protocol::socket socket = stream.release_socket();
      given.socket = UniqueFd(socket.release(error));
      if (!error) give(std::move(given));
    } else {
      carry(stream, lowest, std::move(given), yield);
    }
    return true;
  }

  // Both ways between an encrypted connection and whoever it is given to.
  template <typename AnyStream>
  void carry(AnyStream& stream, Stream& lowest, Given given, const Yield& yield) {
    Result<SocketPair> pair = create_socket_pair(SOCK_STREAM | SOCK_NONBLOCK);
    if (!pair.has_value()) return;
    Protocol::socket inner(loop, Protocol(AF_UNIX, 0), pair->ours.release());
    given.socket = std::move(pair->theirs);
    give(std::move(given));
    lowest.expires_never();
    pump_both_ways(
        loop, stream, inner, [&] { lowest.cancel(); }, yield);
  }

  // The route's reply, whenever it comes.
  HttpReply ask(const HttpRequest& request, const Yield& yield) {
    return asio::async_initiate<const Yield, void(HttpReply)>(
        [this, &request](auto resume) {
          using Resume = decltype(resume);
          auto kept = std::make_shared<Resume>(std::move(resume));
          route(request, [this, kept](HttpReply reply) {
            // Never from within the call: the coroutine is not asleep yet.
            asio::post(loop, [kept, reply = std::move(reply)]() mutable {
              std::move (*kept)(std::move(reply));
            });
          });
        },
        yield);
  }

  template <typename AnyStream>
  void refuse(AnyStream& stream, Stream& lowest, unsigned status, const Yield& yield) const {
    constexpr unsigned kHttp11 = 11;
    if (status == 0) return;
    const Response response =
        make_response({.status = status, .body = text_for(status)}, kHttp11, false);
    beast::error_code error;
    lowest.expires_after(limits.idle);
    http::async_write(stream, response, yield[error]);
  }

  asio::io_context& loop;
  int family;
  asio::posix::stream_descriptor acceptor;
  HttpLimits limits;
  Route route;
  std::shared_ptr<asio::ssl::context> tls;  // Null: no TLS.
  std::function<void(Given)> give;          // Empty: no registry.
  std::set<std::shared_ptr<Stream>> streams;
  std::map<std::string, size_t> half_open;  // By address.
  size_t large_bodies = 0;                  // That are being read or answered.
};

HttpServer::HttpServer(asio::io_context& loop,
                       UniqueFd listener,
                       const HttpLimits& limits,
                       Route route)
    : state_(std::make_shared<State>(loop, std::move(listener), limits, std::move(route))) {}

HttpServer::~HttpServer() = default;

void HttpServer::set_tls(std::shared_ptr<asio::ssl::context> tls) { state_->tls = std::move(tls); }

void HttpServer::give_registry(std::function<void(Given)> take) { state_->give = std::move(take); }

void HttpServer::start() {
  asio::spawn(
      state_->loop,
      [state = state_](const Yield& yield) { state->accept_all(yield); },
      asio::detached);
}

void HttpServer::stop() {
  beast::error_code ignored;
  state_->acceptor.close(ignored);
  for (const auto& stream : state_->streams) stream->close();
}

}  // namespace ikada
