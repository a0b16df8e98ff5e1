// Staying beside a process of ours in a container until it ends: signals go to it, and if it has a
// terminal, our own is copied to and from it.
//
// Source: termios(3), ioctl_tty(2), signalfd(2).
#pragma once

#include <sys/types.h>

#include <optional>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/monitor/detach_keys.h"
#include "runtime/sys/spawn.h"

namespace ikada {

// Blocks the signals that attend() passes on, so that none is lost or ends us before it begins.
// To be called before the process exists.
void block_forwarded_signals();

// `terminal` is the pty's master or none. Reaps the process. If the person types `detach_keys`
// (null: none) nullopt is returned at once: the process goes on, its terminal held open and its
// output dropped by a process that stays behind.
Result<std::optional<ExitStatus>> attend(pid_t pid, UniqueFd terminal, DetachKeys* detach_keys);

}  // namespace ikada
