// Tells the service manager how a service is doing.
//
// Source: sd_notify(3): one datagram to the unix socket that NOTIFY_SOCKET names.
#pragma once

#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

// Sends `state`, e.g. "READY=1", to the socket at `address` (a path, or '@' and an abstract name).
// Does nothing if `address` is empty: then nobody asked.
Result<void> notify_systemd(std::string_view address, std::string_view state);

}  // namespace ikada
