// The messages between a monitor and its attached clients: SOCK_SEQPACKET, one message each, first
// byte the type.
//
// A client that does not read is dropped: after a second without progress, or when more than 1 MiB
// waits for it. It never slows the container, unless it has sent kLossless, as `ikada run` in the
// foreground does: then the container is made to wait for it as it would wait for a pipe's reader.
#pragma once

#include <cstddef>

namespace ikada {

enum class MonitorMessage : char {
  // Client to monitor.
  kStdin = 'i',     // Bytes for stdin.
  kStdinEnd = 'e',  // Close stdin. Without effect on a terminal.
  kWindow = 'w',    // Two little-endian 16-bit numbers: rows, columns.
  kSignal = 's',    // One byte: the signal to send to the container's first process.
  kCleanUp = 'c',  // "I do the clean-up": the monitor does not run its cleanup_command, unless this
                   // client goes before the end. Only from the first client (attach-fd).
  kLossless = 'l',  // "Make the container wait rather than drop me."
  kTether = 't',    // "Kill the container when I go": nobody else wants what it does.
  // Monitor to client.
  kStdout = 'o',  // Bytes; with a terminal everything comes as kStdout.
  kStderr = 'r',
  kExit = 'x',  // ExitRecord as JSON; after all output. The last message.
};

constexpr size_t kMaxMonitorMessage = size_t{32} << 10;  // With the type byte.

}  // namespace ikada
