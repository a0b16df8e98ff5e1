// From seccomp rules to BPF: a search tree over intervals of system call numbers.
//
// Which rule decides a call: the first one without conditions, if there is one; else the first one
// in order whose conditions hold; else the default action. Where the default action is an error,
// two kinds of calls get ENOSYS instead of it, so that a new libc falls back to an older call:
// numbers this build has no name for, and calls newer than the newest one the rules name.
//
// Source: Linux Documentation/userspace-api/seccomp_filter.rst, networking/filter.rst.
#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/security/seccomp_rules.h"

namespace ikada {

// kInvalid if the program would be longer than the kernel takes. Names that an ABI does not have
// are skipped; those that no ABI of any architecture has are added to `unknown_names`.
Result<std::vector<sock_filter>> build_seccomp_filter(const SeccompRules& rules,
                                                      std::vector<std::string>& unknown_names);

}  // namespace ikada
