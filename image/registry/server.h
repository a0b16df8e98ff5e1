// The registry's server: listens, spreads clients over its loops, ends in order.
//
// Each loop is one thread with its own connections. SIGTERM and SIGINT let running requests come to
// their end, a second one does not; SIGHUP reads the configuration again, and what is wrong with it
// then only gets into the log.
//
// Source: Boost.Asio 1.81; accept4(2).
#pragma once

#include <functional>
#include <string>

#include "image/registry/settings.h"
#include "runtime/base/result.h"

namespace ikada::registry {

struct ServeOptions {
  SettingsSource source;
  std::string notify_socket;  // NOTIFY_SOCKET of the service manager; may be empty.
  // Is told the address that is listened on, with the port that a port of 0 became.
  std::function<void(const std::string&)> on_listening;
};

// Serves until it is told to stop by a signal. SIGPIPE has to be ignored.
Result<void> serve_registry(const ServeOptions& options);

}  // namespace ikada::registry
