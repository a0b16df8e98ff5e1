// The messages between a monitor and its attached clients: SOCK_SEQPACKET, one message each, first
// byte the type.
//
// A client that does not read is dropped once its socket is full for a second; it never slows the
// container.
#pragma once

#include <cstddef>

namespace ikada {

enum class MonitorMessage : char {
  // Client to monitor.
  kStdin = 'i',     // Bytes for stdin.
  kStdinEnd = 'e',  // Close stdin.
  kWindow = 'w',    // Two little-endian 16-bit numbers: rows, columns.
  kCleanUp = 'c',   // "I do the clean-up": the monitor does not run its cleanup_command.
  // Monitor to client.
  kStdout = 'o',  // Bytes; with a terminal everything comes as kStdout.
  kStderr = 'r',
  kExit = 'x',  // ExitRecord as JSON; after all output. The last message.
};

constexpr size_t kMaxMonitorMessage = size_t{32} << 10;  // With the type byte.

}  // namespace ikada
