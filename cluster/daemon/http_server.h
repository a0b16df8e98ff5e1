// An HTTP/1.1 server on a listening unix socket: reads a request, calls one function, writes its
// reply.
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
#include <string>

#include "runtime/base/unique_fd.h"

namespace boost::asio {
class io_context;
}

namespace ikada {

struct HttpRequest {
  std::string method;  // As it was sent: "GET".
  std::string target;  // With the query: "/healthz?x=1".
  std::string body = {};
};

struct HttpReply {
  unsigned status = 200;
  std::string body = {};   // JSON.
  std::string allow = {};  // For the Allow header of a 405.
};

struct HttpLimits {
  std::uint32_t head_bytes = 8 << 10;
  std::uint64_t body_bytes = 64 << 10;
  std::size_t connections = 128;
  std::chrono::milliseconds idle{30'000};  // For a whole request, and between two.
};

class HttpServer {
 public:
  using Route = std::function<HttpReply(const HttpRequest&)>;

  // `listener` is a listening stream socket of AF_UNIX.
  HttpServer(boost::asio::io_context& loop,
             UniqueFd listener,
             const HttpLimits& limits,
             Route route);
  ~HttpServer();

  // Accepts until stop().
  void start();

  // Closes the listener and every connection; the loop then runs out of their work.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ikada
