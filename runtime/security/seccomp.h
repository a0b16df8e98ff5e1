// linux.seccomp of an OCI config as a filter program for the kernel.
//
// The program is a search tree over system call numbers, so that a call costs a few comparisons
// whatever the size of the profile. Compiling takes milliseconds; load_or_compile_seccomp() keeps
// programs in a directory that only root can write and checks what it reads.
//
// The first process of a container loads the program with two system calls and no memory of its
// own: prctl(PR_SET_NO_NEW_PRIVS) where the config asks for it, then load_seccomp_program().
//
// Source: seccomp(2), seccomp_rule_add(3); OCI runtime-spec 1.0.2, config-linux.md "Seccomp".
#pragma once

#include <linux/filter.h>

#include <span>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct SeccompProgram {
  std::vector<sock_filter> instructions;  // Empty: no filter.
  unsigned flags = 0;                     // SECCOMP_FILTER_FLAG_*.
  // Names that this build does not know and has skipped, e.g. "fchmodat3 on x86_64". They fall
  // under the default action, so they never widen the filter. Empty when read from the cache.
  std::vector<std::string> unknown_names;
};

// Compiles `seccomp`. kInvalid for a config that is wrong or needs a listener (SCMP_ACT_NOTIFY).
Result<SeccompProgram> compile_seccomp(const Json& seccomp);

// The same from the cache in `cache_dir`, which is made (0700) if need be. A file there is used
// only if it is root's, 0600, whole, of this build's format and for exactly this JSON; anything
// else is compiled anew and replaced. A cache that cannot be written is not an error.
Result<SeccompProgram> load_or_compile_seccomp(const Json& seccomp, const std::string& cache_dir);

// seccomp(2). Async-signal-safe: two system calls at most, no allocation. 0, or an errno value.
int load_seccomp_program(std::span<const sock_filter> instructions, unsigned flags);

}  // namespace ikada
