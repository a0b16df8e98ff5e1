// What the monitor does once the container has ended and its log is complete.
#pragma once

#include "runtime/base/result.h"
#include "runtime/monitor/client_set.h"
#include "runtime/monitor/loop.h"
#include "runtime/monitor/options.h"

namespace ikada {

// In this order: the exit record, the runtime's state, the last word to the clients, the socket,
// the clean-up command. A step that fails does not keep the next one from being done; the first
// error is returned.
//
// The record survives a power cut, unless a client does the clean-up: then it usually goes at once
// with the container, and who keeps it syncs it.
Result<void> finish_monitoring(const MonitorOptions& options,
                               const ContainerHooks& hooks,
                               const ExitRecord& record,
                               ClientSet& clients,
                               Poller& poller);

}  // namespace ikada
