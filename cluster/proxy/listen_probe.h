// Whether one could listen somewhere, tried.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/result.h"

namespace ikada {

// Listens for a moment at an IPv4 address that may be on another host yet; empty: every address.
// kConflict if the port is taken, also by one that would share it with its like (SO_REUSEPORT), as
// HAProxy does.
Result<void> probe_listening(const std::string& address, std::uint16_t port);

}  // namespace ikada
