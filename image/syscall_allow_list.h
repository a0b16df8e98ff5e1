// A flat seccomp filter: the system calls that a process may still make; any other kills it.
//
// Source: seccomp(2); Linux Documentation/userspace-api/seccomp_filter.rst.
#pragma once

#include <span>

#include "runtime/base/result.h"

namespace ikada {

// The calls that decompressing, hashing and writing files takes, threads included. Memory that is
// mapped or changed must not be executable, and clone(2) makes threads only.
std::span<const int> unpacking_syscalls();

// From here on this thread, and the threads it starts, may make `allowed` calls only, and the three
// that are looked at more closely. Needs PR_SET_NO_NEW_PRIVS. For ever.
Result<void> allow_syscalls_only(std::span<const int> allowed);

}  // namespace ikada
