// The beginning of a monitor: its sockets and pipes, creating and starting the container, and the
// report about it.
//
// Source: options.h for the contract with whoever started the monitor; docker-run(1), "Exit
// Status".
#pragma once

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/container/create.h"
#include "runtime/monitor/loop.h"
#include "runtime/monitor/options.h"

namespace ikada {

// Creates and starts the container as a child of this process. `network` is a CreateOptions with
// only its network members set. On failure nothing is left.
Result<RunningContainer> start_monitored_container(const MonitorOptions& options,
                                                   CreateOptions network,
                                                   UniqueFd first_client);

// The one line for ready-fd: how it went.
std::string describe_start(pid_t pid);
std::string describe_start(const Error& error);

// What the loop asks for, done by the runtime.
ContainerHooks runtime_hooks(const MonitorOptions& options, const std::string& cgroup_path);

}  // namespace ikada
