// TCP and UDP sockets that are close-on-exec from birth, as those that Asio opens and accepts are
// not: a program that is started meanwhile would keep a port, or a peer waiting, for its life.
//
// Source: socket(2), accept(2).
#pragma once

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

// Non-blocking; `type` is SOCK_STREAM or SOCK_DGRAM.
Result<UniqueFd> open_inet_socket(int family, int type);

// The next connection that waits at `listener`, non-blocking. kUnavailable if none does.
Result<UniqueFd> accept_connection(int listener);

}  // namespace ikada
