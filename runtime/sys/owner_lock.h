// The lock of a program that is to be the only one somewhere, taken over from a killed one.
//
// A process that the killed one was just about to start has copies of its descriptors, and so its
// locks, until it executes its program; a busy host may take a while for that.
//
// Source: flock(2), vfork(2).
#pragma once

#include <chrono>
#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

// As lock_file(path, false), but kConflict only if somebody still has it after `patience`.
Result<UniqueFd> lock_as_owner(const std::string& path,
                               std::chrono::milliseconds patience = std::chrono::seconds(1));

}  // namespace ikada
