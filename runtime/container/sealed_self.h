// Running from a copy of our program that nobody can write to.
//
// A process inside a container can reach the program of another process there through
// /proc/PID/exe. If that is a sealed memfd, the file on the host cannot be changed that way.
//
// Source: memfd_create(2), fcntl(2) "File Sealing"; CVE-2019-5736.
#pragma once

#include "runtime/base/result.h"

namespace ikada {

// Re-executes the calling program from a sealed copy, with the same arguments, environment and
// descriptors. Returns at once in the copy, and otherwise only on failure. Call it before entering
// any namespace. Afterwards the process is not dumpable.
Result<void> seal_self(int argc, char** argv);

}  // namespace ikada
