// The listening socket of the registry.
//
// Source: bind(2), listen(2), getnameinfo(3).
#pragma once

#include <string>

#include "image/registry/config.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada::registry {

// A non-blocking TCP socket that listens. The host has to be an IP address; an empty one means
// every address, of both families. kConflict if somebody listens there.
Result<UniqueFd> listen_tcp(const ListenAddress& address);

// "127.0.0.1:5000", "[::1]:5000": where the socket listens.
Result<std::string> local_address(int socket);

struct AcceptedClient {
  UniqueFd socket;   // None if there is nobody to take; errno says why.
  std::string peer;  // "192.0.2.1"
};
AcceptedClient accept_client(int listener);

}  // namespace ikada::registry
