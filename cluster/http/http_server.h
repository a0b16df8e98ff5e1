// An HTTP/1.1 server on a listening stream socket: reads a request, calls one function, writes the
// reply that it is given, then or later.
//
// It runs in the io_context it is given and on its thread. Every connection is a stackful
// coroutine. What a client can make grow has a limit: head, body, idle time, number of connections.
// A client past a limit gets 431 or 413, or is disconnected.
//
// Source: RFC 9112; Boost.Asio and Boost.Beast 1.81.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/unique_fd.h"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace ikada {

struct HttpHeader {
  std::string name;  // As it was sent.
  std::string value;
};

// Who is at the other end of a connection.
struct HttpPeer {
  std::string address = {};               // "192.0.2.7"; "unix" for a unix socket.
  std::optional<std::uint32_t> uid = {};  // Of a unix socket's peer.
  std::string tls_version = {};           // "TLSv1.3"; empty without TLS.
  std::string cipher = {};
};

struct HttpRequest {
  std::string method;                    // As it was sent: "GET".
  std::string target;                    // With the query: "/healthz?x=1".
  std::vector<HttpHeader> headers = {};  // In the order in which they came.
  std::string body = {};
  HttpPeer peer = {};

  // The value of the first header of that name, in whatever case; empty if there is none.
  std::string_view header(std::string_view name) const;
};

struct HttpReply {
  unsigned status = 200;
  std::string body = {};
  std::string content_type = "application/json";
  std::vector<HttpHeader> headers = {};
  // Whether who asked is known, or may ask unknown: a stranger's connection stays half-open.
  bool is_let_in = true;
};

struct HttpLimits {
  std::uint32_t head_bytes = 8 << 10;
  std::uint64_t body_bytes = 64 << 10;
  // Whether a request with that head, which has no body yet, may have so many; null: none may. Few
  // such are read at a time, and others get 503.
  bool (*is_large)(const HttpRequest& head) = nullptr;
  std::uint64_t large_body_bytes = 0;
  std::size_t connections = 128;
  // Of one address that have not sent a whole request yet, or whose last one was not let in; 0: any
  // number.
  std::size_t half_open_of_address = 0;
  // For a whole request with what comes before it, and for an answer.
  std::chrono::milliseconds idle{30'000};
};

class HttpServer {
 public:
  using Respond = std::function<void(HttpReply)>;
  // Calls `respond` once, on the loop's thread, at once or later. The connection waits.
  using Route = std::function<void(const HttpRequest& request, Respond respond)>;

  // `listener` is a listening stream socket of any family.
  HttpServer(boost::asio::io_context& loop,
             UniqueFd listener,
             const HttpLimits& limits,
             Route route);
  ~HttpServer();

  // A connection is given away from its first request on whose path is /v2 or below it: the
  // client's socket, or with TLS one that carries what the client says and is told. Before start().
  struct Given {
    UniqueFd socket;
    HttpPeer peer;
    std::string early_bytes;  // That request's beginning.
  };
  void give_registry(std::function<void(Given)> take);

  // Speaks TLS with clients that connect from now on. Before start() for all of them.
  void set_tls(std::shared_ptr<boost::asio::ssl::context> tls);

  // Accepts until stop().
  void start();

  // Closes the listener and every connection; the loop then runs out of their work.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ikada
