// Bytes to and from a client, in plain or through TLS. The one seam between the two.
//
// Functions wait in the coroutine that calls them. kUnavailable means that the connection is over.
//
// Source: sendfile(2), recv(2); SSL_read(3), SSL_write(3).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "image/registry/client_socket.h"
#include "image/registry/tls_library.h"
#include "runtime/base/result.h"

namespace ikada::registry {

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  // At least one byte; 0 if the client has no more to say.
  virtual Result<size_t> read_some(std::span<char> out, const Yield& yield) = 0;

  // With `more` true something follows at once.
  virtual Result<void> write_all(std::string_view bytes, bool more, const Yield& yield) = 0;

  virtual Result<void> send_file(int file,
                                 std::uint64_t offset,
                                 std::uint64_t size_bytes,
                                 const Yield& yield) = 0;

  // RequestHead::peer_name of what comes here.
  virtual std::string peer_name() { return {}; }

  // Tells the client that nothing more comes; what it still sends can be read.
  virtual void finish_writing() = 0;
};

// Neither owns the socket.
std::unique_ptr<Transport> create_plain_transport(ClientSocket& socket);
Result<std::unique_ptr<Transport>> create_tls_transport(ClientSocket& socket,
                                                        std::shared_ptr<const TlsContext> context);

}  // namespace ikada::registry
