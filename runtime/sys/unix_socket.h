// Unix sockets with a name on disk, and descriptors sent through them.
//
// A path may be longer than sun_path: its directory is opened and named by descriptor.
//
// Source: unix(7), bind(2); Linux gives the file the socket's own mode.
#pragma once

#include <sys/types.h>

#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

// A listening, non-blocking socket of `type` (SOCK_STREAM, SOCK_SEQPACKET) at `path`, 0600 from
// birth. A leftover at the path is replaced; the directory is there already.
Result<UniqueFd> listen_unix(const std::string& path, int type);

// A socket connected to `path`, which waits. kNotFound if nobody listens there.
Result<UniqueFd> connect_unix(const std::string& path, int type);

// A connected pair, close-on-exec, which waits.
struct SocketPair {
  UniqueFd ours;
  UniqueFd theirs;
};
Result<SocketPair> create_socket_pair(int type);

// Sends a copy of `fd` with a byte.
Result<void> send_descriptor(int socket, int fd);

// The next descriptor sent to `socket`; kUnavailable if none has come yet.
Result<UniqueFd> receive_descriptor(int socket);

}  // namespace ikada
