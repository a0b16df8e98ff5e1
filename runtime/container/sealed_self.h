// Running from a program file that nobody can write to.
//
// A process inside a container can reach the program of another process there through
// /proc/PID/exe. So ours is reached there through a read-only overlay of its directory that is
// attached nowhere or, where that cannot be made, is a sealed memfd: the file on the host cannot be
// changed either way. The overlay costs nothing to fill; the copy costs half a millisecond.
//
// Source: fsopen(2), overlayfs.rst; memfd_create(2), fcntl(2) "File Sealing"; CVE-2019-5736.
#pragma once

#include "runtime/base/result.h"

namespace ikada {

// Re-executes the calling program so, with the arguments `argv`, the same environment and
// descriptors. Returns at once in the new one, and otherwise only on failure. Call it before
// entering any namespace. Afterwards the process is not dumpable.
Result<void> seal_self(char** argv);

}  // namespace ikada
