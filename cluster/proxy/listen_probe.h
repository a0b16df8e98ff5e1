// Whether one could listen somewhere, tried.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/result.h"

namespace ikada {

enum class ProbeAs {
  kStranger,
  kHaproxy,  // That has the port at other addresses already, and shares it (SO_REUSEPORT).
};

// Listens for a moment at an IPv4 address that may be on another host yet; empty: every address.
// kConflict if the port is taken: for a stranger also by one that would share it with its like.
Result<void> probe_listening(const std::string& address,
                             std::uint16_t port,
                             ProbeAs as = ProbeAs::kStranger);

}  // namespace ikada
