// One client: reads requests, has them answered, writes the answers, until one of both ends it.
//
// HTTP/1.1 with keep-alive; requests that come before their predecessor is answered are answered in
// order. What could mean two things to two readers (two lengths, a length and chunks, another
// transfer coding) is refused and the connection closed.
//
// Source: RFC 9112; Boost.Beast 1.81's parser.
#pragma once

#include <functional>
#include <memory>

#include "image/registry/client_socket.h"
#include "image/registry/config.h"
#include "image/registry/exchange.h"
#include "image/registry/tls_library.h"

namespace ikada::registry {

// Answers a request; every failure is an answer, too. Runs in the connection's coroutine.
using Responder = std::function<Answer(const RequestHead&, RequestBody&, const Yield&)>;

struct ConnectionSetup {
  RequestLimits limits;
  bool logs_requests = true;
  std::shared_ptr<const TlsContext> tls;  // Null for plain http.
  const Responder& respond;
  const std::function<bool()>& is_stopping;  // Then no further request is read.
};

// Returns when the connection is over.
void serve_connection(ClientSocket& socket, const ConnectionSetup& setup, const Yield& yield);

}  // namespace ikada::registry
