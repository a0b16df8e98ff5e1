// Takes from the calling process everything that unpacking a layer does not need, before it reads
// the first byte of one.
//
// Afterwards the process has a mount namespace of its own with an empty, read-only root, and of the
// rest of the host only what it holds open; of capabilities those that making files, owners,
// devices and file capabilities takes; a system call filter without sockets, programs, mounts or
// executable memory; limits on the size of files and of its memory; and nobody may trace it. What
// its libraries load lazily must be loaded before: there are no files to find afterwards.
//
// It must be called while the process has one thread. Threads that start later are confined too.
//
// Source: mount_namespaces(7), pivot_root(2), open_tree(2), capabilities(7), seccomp(2).
#pragma once

#include <cstdint>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct ConfinementLimits {
  std::uint64_t max_file_bytes = 0;
  std::uint64_t max_memory_bytes = 0;  // Of address space.
};

// A descriptor of the same directory from which ".." leads nowhere: a mount of it alone, detached,
// without devices, set-id programs or programs at all. To be made before confine().
Result<UniqueFd> detach_directory(int directory);

// All or an error, after which the process must end. Descriptors above `highest_fd` are closed.
Result<void> confine(const ConfinementLimits& limits, int highest_fd);

}  // namespace ikada
