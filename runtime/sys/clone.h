// clone3(2) without a stack of its own: the child goes on as a copy of the caller, as after fork.
//
// Source: clone(2), "clone3()"; Linux include/uapi/linux/sched.h.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct CloneOptions {
  std::uint64_t flags = 0;  // CLONE_NEW*
  int cgroup_fd = -1;       // A cgroup2 directory to be born in; -1: the parent's.
};

struct ClonedProcess {
  pid_t pid = 0;  // 0 in the child, which may only make system calls.
  UniqueFd pidfd;
};

Result<ClonedProcess> clone_process(const CloneOptions& options);

}  // namespace ikada
